"""Reading: places, pieces, what is no trap, and that no text makes the reader fail."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from backwright.model.build import examine
from backwright.project import Project
from backwright.spec import SpecDocument, read
from backwright.spec.diagnostics import Place, SpecificationError
from backwright.spec.yamltext import LARGEST

BOOKS = "service: {name: library, version: 1.0.0}\nentities:\n  Book:\n    fields: {title: string}\n"


def reading(folder: Path, text: str, **pieces: str) -> SpecDocument:
    (folder / "backwright.yaml").write_text(text, encoding="utf-8")
    for name, piece in pieces.items():
        (folder / "spec").mkdir(exist_ok=True)
        (folder / "spec" / f"{name}.yaml").write_text(piece, encoding="utf-8")
    return read(Project(folder))


def problems(folder: Path, text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    (folder / "backwright.yaml").write_bytes(data)
    try:
        read(Project(folder))
    except SpecificationError as error:
        return [problem.code for problem in error.diagnostics]
    return []


def test_every_value_knows_its_place(tmp_path: Path) -> None:
    book = reading(tmp_path, BOOKS + "    access: 'public'\n").entities[0]
    assert book.place == Place("backwright.yaml", 3, 3)
    assert book.fields[0].place == Place("backwright.yaml", 4, 14)
    assert book.access is not None
    assert book.access.all is not None
    assert book.access.all.place == Place("backwright.yaml", 5, 14)  # behind the quote


def test_a_comment_behind_a_whole_expression_is_a_comment(tmp_path: Path) -> None:
    book = reading(tmp_path, BOOKS + "    access: public  # everybody's\n").entities[0]
    assert book.access is not None
    assert book.access.all is not None
    assert book.access.all.value == "public"


def test_pieces_are_merged_into_one_document(tmp_path: Path) -> None:
    text = BOOKS + "    access: public\ninclude: [spec/*.yaml]\n"
    piece = "entities:\n  Book: {fields: {isbn: string}}\n  Shelf: {fields: {row: integer}, access: none}\n"
    document = reading(tmp_path, text, more=piece)
    assert [entity.name.value for entity in document.entities] == ["Book", "Shelf"]
    assert [field.name.value for field in document.entities[0].fields] == ["title", "isbn"]
    assert document.entities[1].place == Place("spec/more.yaml", 3, 3)
    assert document.files == ("backwright.yaml", "spec/more.yaml")


def test_words_that_yaml_would_convert_stay_words(tmp_path: Path) -> None:
    text = "service: {name: on, version: 1.10}\nentities:\n  Book: {fields: {kind: {enum: [yes, no]}}}\n"
    document = reading(tmp_path, text)
    assert document.service.version.value == "1.10"
    kind = document.entities[0].fields[0]
    assert kind.enum is not None
    assert [value.value for value in kind.enum] == ["yes", "no"]


def test_a_missing_specification_is_a_diagnostic(tmp_path: Path) -> None:
    try:
        read(Project(tmp_path))
    except SpecificationError as error:
        assert [problem.code for problem in error.diagnostics] == ["BW101"]
    else:
        raise AssertionError("an absent file was read")


def test_text_that_is_not_utf8_is_a_diagnostic(tmp_path: Path) -> None:
    assert problems(tmp_path, b"service: \xff\xfe") == ["BW101"]


def test_control_characters_are_a_diagnostic(tmp_path: Path) -> None:
    assert problems(tmp_path, "service: \x00") == ["BW102"]


def test_a_huge_file_is_a_diagnostic(tmp_path: Path) -> None:
    assert problems(tmp_path, "#" * (LARGEST + 1)) == ["BW108"]


def test_endless_nesting_is_a_diagnostic(tmp_path: Path) -> None:
    assert problems(tmp_path, "a: " + "[" * 50_000) == ["BW108"]


SCRAPS = st.sampled_from(
    [
        "service:", " {name: a, version: 1}", "\n", "entities:", "  Book:", "    fields:", " {a: string}",
        "access:", " this.a == caller", "!", "&a", "*a", "#", "'", '"', "{", "}", "[", "]", ":", "?", ",",
        "- ", "|", ">", "%", "@", "`", "\t", "---", "...", "include: [spec/*]", "    ",
        "auth: {identity: Book, by: a}", "crud: {path: /a}", "\\", "\u2028", "\ufeff",
        "\U0001f600", "~", "!!int", "<<: *a", "\\U99999999",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(SCRAPS, max_size=25).map("".join), st.binary(max_size=40)))
def test_no_text_makes_the_reader_fail(text: str | bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        (Path(folder) / "backwright.yaml").write_bytes(data)
        try:
            document = read(Project(Path(folder)))
        except SpecificationError:
            return
        examine(document)


VALUES = st.recursive(
    st.sampled_from(
        ["a", "title", "string", "date?", "public", "this.a == 1", "1", "/a", "desc", "list", "''"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(
            st.sampled_from(
                ["fields", "type", "ref", "enum", "min", "set", "path", "access", "crud", "read", "A"]
            ),
            inner,
            max_size=3,
        ).map(lambda table: "{" + ", ".join(f"{key}: {value}" for key, value in table.items()) + "}")
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(VALUES, VALUES, VALUES, st.sampled_from(["a", "title", "type", "Book", "ß"]))
def test_no_structure_makes_the_front_end_fail(fields: str, access: str, crud: str, name: str) -> None:
    text = (
        "service: {name: library, version: 1}\nentities:\n"
        f"  Book:\n    fields: {{{name}: {fields}}}\n    access: {access}\n    crud: {crud}\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "backwright.yaml").write_text(text, encoding="utf-8")
        try:
            document = read(Project(Path(folder)))
        except SpecificationError:
            return
        examine(document)
