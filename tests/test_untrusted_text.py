"""Walks the source: rich text is made in the safe classes only, and everything else shows plain text."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "desktop"
SAFE = {"ui/widgets/safe_text.py", "ui/widgets/safe_document.py"}

PARSE = {"setHtml", "setMarkdown", "insertHtml", "insertMarkdown", "setDefaultStyleSheet"}
GUESSING = {"QMessageBox", "QProgressDialog", "QInputDialog", "QWizard", "QErrorMessage", "QSplashScreen"}
TIPS = {"setToolTip", "setWhatsThis", "showText", "setStatusTip"}
OURS = {"tip", "plain_label", "PlainLabel", "toolTip"}  # the last: checked where set

WORDS_FROM_TABLES_ELSEWHERE = {"ui/actions.py", "ui/chat/page.py", "ui/main_window.py"}  # words of our actions
SVG_OF_OUR_OWN = {"ui/icons.py", "ui/self_test.py"}  # read from our own resources

FILES = sorted((ROOT / "ui").rglob("*.py")) + [path for path in [ROOT / "app.py"] if path.exists()]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_ours(node: ast.expr, known: set[str] = frozenset()) -> bool:
    """A literal, a choice between or a sum of literals, a known name, an enum's value, or a helper's."""
    match node:
        case ast.Constant():
            return True
        case ast.Name():
            return node.id in known
        case ast.Attribute(attr="value"):
            return True
        case ast.IfExp():
            return is_ours(node.body, known) and is_ours(node.orelse, known)
        case ast.BoolOp():
            return all(is_ours(value, known) for value in node.values)
        case ast.BinOp(op=ast.Add()):
            return is_ours(node.left, known) and is_ours(node.right, known)
        case ast.JoinedStr():
            return all(is_ours(value, known) for value in node.values)
        case ast.FormattedValue():
            return is_ours(node.value, known)
        case ast.Call(func=ast.Name(id=called)) | ast.Call(func=ast.Attribute(attr=called)):
            return called in OURS
    return False


def calls(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield node, called


def is_table(node: ast.AST) -> bool:
    """A literal table: tuples, lists and dicts of constants, through to the bottom."""
    parts = (ast.Tuple, ast.List, ast.Dict, ast.Constant, ast.expr_context, ast.UnaryOp, ast.unaryop)
    return all(isinstance(each, parts) for each in ast.walk(node))


def names_in(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def known_names(tree: ast.AST) -> set[str]:
    """Names that are only ever bound to words of ours: by literal tables, assignments, or every call of a function."""
    tables = {
        node.targets[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and is_table(node.value)
    }
    bound: dict[str, bool] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.For):
            is_good = is_table(node.iter) or bool(names_in(node.iter) & tables)
            for name in names_in(node.target):
                bound[name] = bound.get(name, True) and is_good
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                bound |= {n: bound.get(n, True) and is_words(target, node.value, n) for n in names_in(target)}
    known = {name for name, is_good in bound.items() if is_good}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            known |= {each for each in literal_parameters(node, tree, known) if bound.get(each, True)}
    return known


def is_words(target: ast.expr, value: ast.expr, name: str) -> bool:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.IfExp):
        return is_words(target, value.body, name) and is_words(target, value.orelse, name)
    return is_ours(value) or is_table(value)


def literal_parameters(function: ast.FunctionDef, tree: ast.AST, known: set[str]) -> set[str]:
    names = [each.arg for each in function.args.args]
    uses = [call for call, called in calls(tree) if called == function.name]
    found = set()
    for at, name in enumerate(names):
        place = at - (names[0] == "self")
        given = [call.args[place] for call in uses if 0 <= place < len(call.args)]
        if uses and len(given) == len(uses) and all(is_ours(each, known) for each in given):
            found.add(name)
    return found


@pytest.fixture(params=FILES, ids=name_of)
def source(request):
    return name_of(request.param), ast.parse(request.param.read_text(encoding="utf-8"))


def test_rich_text_is_parsed_in_the_safe_classes_only(source):
    name, tree = source
    for node, called in calls(tree):
        if called in PARSE:
            assert name in SAFE, f"{name}:{node.lineno} parses rich text by {called}"


def test_views_that_guess_rich_text_are_not_used(source):
    name, tree = source
    for node in ast.walk(tree):
        used = getattr(node, "attr", None) or getattr(node, "id", None)
        if not isinstance(node, ast.Name | ast.Attribute):
            continue
        where = f"{name}:{node.lineno} uses {used}"
        assert used not in GUESSING, where
        assert used not in {"QWebEngineView", "QGraphicsTextItem", "QSvgWidget"}, where
        assert used != "QTextBrowser" or name in SAFE, where
        assert used != "QSvgRenderer" or name in SVG_OF_OUR_OWN, where


def test_documents_and_labels_are_made_safe_where_they_are_made(source):
    name, tree = source
    for node, called in calls(tree):
        where = f"{name}:{node.lineno} makes a {called}"
        assert called != "QTextDocument", where
        if called == "QLabel":
            words = [each for each in node.args if not isinstance(each, ast.Name | ast.Attribute)]
            has_format = any(inner == "setTextFormat" for _, inner in calls(tree))
            has_words = bool(node.args) and not isinstance(node.args[0], ast.Name | ast.Attribute)
            assert has_format or not has_words or all(is_ours(each) for each in words), where


def test_editors_refuse_rich_text(source):
    name, tree = source
    made = {called for _, called in calls(tree)}
    bases = {
        base.id
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if isinstance(base, ast.Name)
    }
    if "QTextEdit" in made | bases:
        refused = [node for node, called in calls(tree) if called == "setAcceptRichText"]
        assert refused, f"{name} has a QTextEdit that takes rich text"
        assert all(isinstance(node.args[0], ast.Constant) and node.args[0].value is False for node in refused)


def test_tooltips_come_from_the_one_helper_or_are_our_own_words(source):
    name, tree = source
    if name in WORDS_FROM_TABLES_ELSEWHERE or name == "ui/widgets/tooltip.py":
        return
    for node, called in calls(tree):
        if called in TIPS and node.args:
            said = node.args[1] if called == "showText" and len(node.args) > 1 else node.args[0]
            assert is_ours(said) or is_ours(said, known_names(tree)), (
                f"{name}:{node.lineno} {called} with text that is not literal"
            )


def test_links_are_opened_in_one_place(source):
    name, tree = source
    for node, called in calls(tree):
        if called == "openUrl":
            assert name == "ui/widgets/safe_text.py", f"{name}:{node.lineno} opens an address by itself"
        if called in ("setOpenExternalLinks", "setOpenLinks"):
            assert isinstance(node.args[0], ast.Constant) and node.args[0].value is False, f"{name}:{node.lineno}"


def test_no_web_view_and_no_code_is_run(source):
    name, tree = source
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            assert not any("WebEngine" in each or each.startswith("PySide6.QtWeb") for each in names), name
    assert not [
        node for node, called in calls(tree) if called in ("eval", "exec") and isinstance(node.func, ast.Name)
    ], name


@pytest.mark.parametrize(
    ("code", "check"),
    [
        ("view.setHtml(text)", test_rich_text_is_parsed_in_the_safe_classes_only),
        ("QMessageBox.warning(w, a, b)", test_views_that_guess_rich_text_are_not_used),
        ("QTextBrowser()", test_views_that_guess_rich_text_are_not_used),
        ("QTextDocument()", test_documents_and_labels_are_made_safe_where_they_are_made),
        ("QLabel(f'{name}')", test_documents_and_labels_are_made_safe_where_they_are_made),
        ("QTextEdit()", test_editors_refuse_rich_text),
        ("w.setToolTip(title)", test_tooltips_come_from_the_one_helper_or_are_our_own_words),
        ("QDesktopServices.openUrl(u)", test_links_are_opened_in_one_place),
    ],
)
def test_the_walk_finds_what_it_is_for(code, check):
    with pytest.raises(AssertionError):
        check(("ui/some/page.py", ast.parse(code)))
