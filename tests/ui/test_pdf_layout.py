"""Where documents are cut into pages."""

from __future__ import annotations

import pytest

from desktop.ui import pdf_layout
from desktop.ui.widgets.safe_document import SafeDocument

TABLE = "| n | words |\n|---|---|\n" + "\n".join(f"| {n} | {'words that wrap ' * 12}|" for n in range(20))


def cut(document, room, page=400.0):
    """The slices of a document, the first with less room."""
    top, made = 0.0, []
    while top < document.size().height():
        height = pdf_layout.slice_height(document, top, room, page)
        if height > 0:
            made.append((top, height))
        top, room = top + height, page
    return made


def document(text, *, is_table=False):
    made = SafeDocument()
    made.setDocumentMargin(0)
    if is_table:
        made.show_markdown(text)
    else:
        made.setPlainText(text)
    pdf_layout.open_up(made, 125)
    made.setTextWidth(400)
    return made


@pytest.mark.parametrize("room", [400.0, 90.0, 13.0, 3.0])
@pytest.mark.parametrize(("text", "is_table"), [("line\n" * 100, False), ("a word " * 2000, False), (TABLE, True)])
def test_slices_cover_a_document_and_keep_to_the_page(qapp, text, is_table, room):
    made = document(text, is_table=is_table)
    slices = cut(made, room)
    assert sum(height for _, height in slices) == pytest.approx(made.size().height())
    assert all(height <= 400 * 1.05 for _, height in slices)


def test_no_row_of_a_table_is_cut(qapp):
    made = document(TABLE, is_table=True)
    table = made.rootFrame().childFrames()[0]
    layout = made.documentLayout()
    rows = [
        [layout.blockBoundingRect(table.cellAt(row, 1).firstCursorPosition().block()) for row in range(table.rows())]
    ][0]
    for top, height in cut(made, 90.0):
        assert not [rect for rect in rows if rect.top() < top + height - 0.01 < rect.bottom()], "inside a row"


def test_a_table_that_goes_on_has_its_head_again(qapp):
    made = document(TABLE, is_table=True)
    slices = cut(made, 90.0)
    heads = [pdf_layout.head_again(made, top, 400.0) for top, _ in slices]
    assert heads[0] is None and len({*heads[1:]}) == 1 and len(slices) > 3
    first, height = heads[1]
    assert first == pytest.approx(0, abs=6) and 10 < height < 40 and first + height <= slices[0][1]
    assert pdf_layout.head_again(made, made.size().height(), 400.0) is None
    assert pdf_layout.head_again(document("line\n" * 100), 90.0, 400.0) is None


def test_a_head_that_is_itself_most_of_a_page_comes_once(qapp):
    made = document("| " + "word " * 900 + "|\n|---|\n" + "| a |\n" * 20, is_table=True)
    assert pdf_layout.head_again(made, made.size().height() - 50, 400.0) is None


def test_a_row_higher_than_a_page_is_cut_at_a_line(qapp):
    made = document("| a |\n|---|\n| " + "word " * 3000 + "|", is_table=True)
    assert len(cut(made, 90.0)) > 2


def test_signs_that_reach_below_their_line_stay_on_their_page(qapp):
    made = document("under_score\n" * 60)
    layout = made.documentLayout()
    starts = set()
    block = made.begin()
    while block.isValid():
        starts.add(round(layout.blockBoundingRect(block).top(), 2))
        block = block.next()
    assert {round(top, 2) for top, _ in cut(made, 200.0, 200.0)} <= starts


def test_long_texts_come_in_parts_that_lose_nothing():
    text = "x" * 2500 + "\r\n" + "y\n" * 9000
    parts = list(pdf_layout.parts(text))
    assert "".join("".join(parts).split()) == "x" * 2500 + "y" * 9000
    assert max(map(len, parts)) <= pdf_layout.DOCUMENT_CHARACTERS * 2
