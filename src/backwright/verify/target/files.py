"""Files as they are uploaded: small ones, each another, that are what their media type says."""

from __future__ import annotations

import struct
import zlib

import msgspec

ENDINGS = {
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "application/pdf": "pdf", "text/csv": "csv",
    "text/plain": "txt", "application/json": "json", "text/html": "html", "application/zip": "zip",
}  # fmt: skip
ANY = "application/octet-stream"
LONGEST = 200
"""How much of a word is put into a file: some notes have one byte for their length."""
BY_NAME = (
    (("image", "photo", "picture", "avatar", "logo", "thumbnail", "icon", "cover", "banner"), "image/png"),
    (("pdf", "invoice", "contract"), "application/pdf"),
    (("csv", "import", "sheet"), "text/csv"),
)
"""What a member is a file of, where the contract does not say so."""


class File(msgspec.Struct, frozen=True):
    """A file to be sent: `word` makes it another one than all before; `name` is made of it where none is given."""

    word: str
    media: str = "text/plain"
    name: str = ""
    raw: bytes = b""

    @property
    def called(self) -> str:
        return self.name or f"{self.word[:LONGEST]}.{ENDINGS.get(self.media, 'bin')}"

    @property
    def content(self) -> bytes:
        return self.raw or content_of(self.media, self.word[:LONGEST])


def content_of(media: str, word: str) -> bytes:
    """The bytes of a file of this type, with the word in it."""
    match media:
        case "image/png":
            return _png(word)
        case "image/gif":
            pixel = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
            note = b"!\xfe" + bytes([len(word)]) + word.encode() + b"\x00"
            return pixel + note + b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
        case "image/jpeg":
            note = word.encode()
            head = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
            return head + b"\xff\xfe" + struct.pack(">H", len(note) + 2) + note + b"\xff\xd9"
        case "application/pdf":
            return f"%PDF-1.4\n% {word}\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".encode()
        case "application/zip":
            return b"PK\x05\x06" + b"\x00" * 16 + struct.pack("<H", len(word)) + word.encode()
        case "text/csv":
            return f"name,value\n{word},1\n".encode()
        case "text/html":
            return f"<!doctype html><script>'{word}'</script>\n".encode()
        case _ if media.endswith("json"):
            return msgspec.json.encode({"name": word})
        case _ if media.startswith("image/svg"):
            return f'<svg xmlns="http://www.w3.org/2000/svg"><title>{word}</title></svg>'.encode()
        case _:
            return f"{word}\n".encode()


def _png(word: str) -> bytes:
    """One grey pixel, with the word as a comment."""
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"tEXt", b"Comment\x00" + word.encode()),
        (b"IDAT", zlib.compress(b"\x00\x80")),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def likely(name: str, declared: str) -> str:
    """The media type of a file: the first that is declared, else what the member's name suggests."""
    first = declared.partition(",")[0].partition(";")[0].strip().lower()
    if first and "*" not in first and first != ANY:
        return first
    if first.startswith("image/"):
        return "image/png"
    return next(
        (media for words, media in BY_NAME if any(each in name.lower() for each in words)), "text/plain"
    )
