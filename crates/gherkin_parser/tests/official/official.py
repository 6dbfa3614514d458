"""What the official parser says of each file of a folder: a JSON object per line, by name.

A file has either the lines of its errors, or what its document and its pickles have. Pickles are
filled in as the reference implementation does (Java: text, not regular expressions).
"""

import json
import sys
from pathlib import Path

from gherkin.errors import CompositeParserException, ParserException
from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler


class Literal(Compiler):
    """Java's compiler replaces text; this one's takes a column's name for a pattern."""

    def _interpolate(self, name, variable_cells, value_cells):
        for cell, value in zip(variable_cells, value_cells) if name is not None else ():
            name = name.replace("<" + cell["value"] + ">", value["value"])
        return name


def head(node, kind):
    at = node["location"]
    tags = [[tag["name"], tag["location"]["line"], tag["location"]["column"]] for tag in node.get("tags", [])]
    return [kind, at["line"], at["column"], node["keyword"], node["name"], node["description"], tags]


def rows(table):
    return [[cell["value"] for cell in row["cells"]] for row in table]


def sections(children):
    said = []
    for child in children:
        (kind, node), = child.items()
        said.append(head(node, kind))
        for step in node.get("steps", []):
            said.append(["step", step["location"]["line"], step["location"]["column"], step["keyword"], step["keywordType"]])
        for examples in node.get("examples", []):
            said.append(head(examples, "examples"))
            header = [examples["tableHeader"]] if "tableHeader" in examples else []
            said.append(rows(header + examples["tableBody"]))
        said += sections(node.get("children", []))
    return said


def pickle(made):
    steps = []
    for step in made["steps"]:
        argument = step.get("argument", {})
        text = argument.get("docString")
        table = argument.get("dataTable")
        steps.append([
            step["text"],
            [text.get("mediaType"), text["content"]] if text else None,
            rows(table["rows"]) if table else [],
        ])
    return [made["name"], made["location"]["line"], [tag["name"] for tag in made["tags"]], steps]


def says(text):
    try:
        document = Parser().parse(text)
    except CompositeParserException as errors:
        return {"errors": sorted({error.location["line"] for error in errors.errors})}
    except ParserException as error:
        return {"errors": [error.location["line"]]}
    document["uri"] = "x"
    feature = document.get("feature")
    if feature is None:
        return {"document": None, "pickles": []}
    described = [head(feature, "feature") + [feature["language"]]] + sections(feature["children"])
    return {"document": described, "pickles": [pickle(made) for made in Literal().compile(document)]}


for file in sorted(Path(sys.argv[1]).iterdir()):
    # The reference implementation skips a byte order mark; this port does not.
    text = file.read_bytes().decode("utf-8-sig")
    print(json.dumps({"file": file.name, **says(text)}, ensure_ascii=False))
