"""The two programs of a true drag: a stranger's window with a file, and ours. Run as `true_drag.py SIDE PATH`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path


def stranger(path: str) -> None:
    """A window at the foot of the screen from which the file is dragged."""
    from PySide6.QtCore import QMimeData, Qt, QTimer, QUrl
    from PySide6.QtGui import QDrag
    from PySide6.QtWidgets import QApplication, QLabel

    class Shelf(QLabel):
        def mousePressEvent(self, event):
            event.accept()

        def mouseMoveEvent(self, event):
            drag, mime = QDrag(self), QMimeData()
            mime.setUrls([QUrl.fromLocalFile(path)])
            drag.setMimeData(mime)
            print("drag", drag.exec(Qt.DropAction.CopyAction).name, flush=True)
            QTimer.singleShot(3000, application.quit)  # the other side may still ask for the list of files

    application = QApplication([])
    shelf = Shelf("drag this")
    shelf.setGeometry(0, 800, 200, 90)
    shelf.show()
    QTimer.singleShot(0, lambda: print("ready", flush=True))
    QTimer.singleShot(120_000, application.quit)
    application.exec()


async def ours(folder: str) -> None:
    """The real window over a data folder; says what it shows until a recording was dropped."""
    from desktop import app
    from desktop.services.bundle import Options

    running = app.build(Options(Path(folder), offline=True))
    window = running.window
    window.setGeometry(0, 0, 1200, 760)
    window.show()
    await running.opened()
    await window.tasks.settled()
    window.show_page("chat")
    print("ready", flush=True)
    was_lit = False
    async with asyncio.timeout(120):
        while True:
            await asyncio.sleep(0.02)
            page = window.pages.get("transcription")
            if page is not None and page.drop.is_lit and not was_lit:
                was_lit = True
                print("lit", flush=True)
            if page is not None and page.rows.rowCount():
                print("dropped", page.rows.at(0).title, flush=True)
                break
    window.end()
    await running.aclose()


if __name__ == "__main__":
    side, given = sys.argv[1:]
    if side == "stranger":
        stranger(given)
    else:
        import qasync

        from desktop import app as application

        loop = qasync.QEventLoop(application.application())
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(ours(given))
