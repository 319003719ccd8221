"""A script in JavaScript as a tree, and the values in it that are known without running it.

Literals, objects and lists of them, arithmetic on them and the names of top-level constants are values; everything
else is an `Expression`, which quotes the code. The grammar is tree-sitter's: https://tree-sitter.github.io.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from loadtests._imports._table import Expression

DEEPEST = 40
LONGEST_TEXT = 10_000
LONGEST_LIST = 10_000

_FUNCTIONS = frozenset(
    {"function_declaration", "function_expression", "arrow_function", "generator_function_declaration"}
)
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": math.fmod,
    "**": math.pow,
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f", "v": "\v"}
_LINE_ENDS = frozenset({"\n", "\r\n", "\u2028", "\u2029"})


class Script:
    """A parsed script. Errors in it, or another dialect, cost only what stands where they are."""

    def __init__(self, content: str) -> None:
        self._root = Parser(Language(tree_sitter_javascript.language())).parse(content.encode()).root_node
        self._constants: dict[str, Node] = {}
        self._known: dict[str, Any] = {}
        self._pending: set[str] = set()
        self.functions: dict[str, Node] = {}
        """Top-level functions by name; the default export is ``default``."""
        self.imported: dict[str, str] = {}
        """Local names of what is imported, to ``module:name``; a whole module is ``module:``."""
        for statement in self._root.named_children:
            self._take(statement)

    def exported(self, name: str) -> Any:
        """The value of the top-level constant or variable ``name``; None where there is none."""
        node = self._constants.get(name)
        return None if node is None else self.value(node)

    def value(self, node: Node, depth: int = 0) -> Any:
        """What ``node`` is worth: plain data, with an `Expression` wherever that is not known."""
        if depth > DEEPEST:
            return expression(node)
        read = _READERS.get(node.type)
        return expression(node) if read is None else read(self, node, depth + 1)

    def constant(self, name: str, node: Node, depth: int) -> Any:
        """The value of the constant ``name``, which ``node`` mentions."""
        if name not in self._known:
            if name not in self._constants or name in self._pending:
                return expression(node)
            self._pending.add(name)
            self._known[name] = self.value(self._constants[name], depth)
            self._pending.discard(name)
        found = self._known[name]
        return expression(node) if isinstance(found, Expression) else found

    def _take(self, statement: Node) -> None:
        """Take down what ``statement`` declares."""
        if statement.type == "import_statement":
            self._take_imports(statement)
            return
        declaration = statement
        if statement.type == "export_statement":
            value = statement.child_by_field_name("value") or statement.child_by_field_name("declaration")
            if value is None:
                return
            declaration = value
            if any(child.type == "default" for child in statement.children) and value.type in _FUNCTIONS:
                self.functions["default"] = value
        if declaration.type in _FUNCTIONS and (name := declaration.child_by_field_name("name")) is not None:
            self.functions[text(name)] = declaration
        elif declaration.type in ("lexical_declaration", "variable_declaration"):
            fixed = text(declaration.children[0]) == "const"
            for declarator in declaration.named_children:
                self._take_declarator(declarator, fixed=fixed)
        elif declaration.type == "expression_statement":
            self._take_assignment(declaration.named_children)

    def _take_declarator(self, declarator: Node, *, fixed: bool) -> None:
        name, value = declarator.child_by_field_name("name"), declarator.child_by_field_name("value")
        if name is None or value is None or name.type != "identifier":
            return
        if value.type in _FUNCTIONS:
            self.functions[text(name)] = value
        elif fixed or text(name) == "options":
            self._constants[text(name)] = value

    def _take_assignment(self, parts: list[Node]) -> None:
        """``module.exports.options = {…}``, as older scripts have it."""
        if not parts or parts[0].type != "assignment_expression":
            return
        left, right = parts[0].child_by_field_name("left"), parts[0].child_by_field_name("right")
        if left is not None and right is not None and text(left) in ("module.exports.options", "exports.options"):
            self._constants["options"] = right

    def _take_imports(self, statement: Node) -> None:
        source = statement.child_by_field_name("source")
        module = self.value(source) if source is not None else ""
        for node in _within(statement):
            if node.type == "import_clause":
                whole = [child for child in node.named_children if child.type in ("identifier", "namespace_import")]
                self.imported |= {text(child).removeprefix("* as ").strip(): f"{module}:" for child in whole}
            elif node.type == "import_specifier":
                names = [text(child) for child in node.named_children]
                self.imported[names[-1]] = f"{module}:{names[0]}"


def text(node: Node) -> str:
    """The code of ``node``."""
    return (node.text or b"").decode()


def expression(node: Node) -> Expression:
    """``node`` as something that only a run would know."""
    return Expression(" ".join(text(node)[:500].split()), node.start_point.row + 1)


def _within(node: Node) -> Iterator[Node]:
    """``node`` and all that is named in it."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += found.named_children


def _object(script: Script, node: Node, depth: int) -> Any:
    found: dict[str, Any] = {}
    for part in node.named_children:
        if part.type == "pair":
            key, value = part.child_by_field_name("key"), part.child_by_field_name("value")
            if key is not None and value is not None:
                found[_key(script, key, depth)] = script.value(value, depth)
        elif part.type == "shorthand_property_identifier":
            found[text(part)] = script.constant(text(part), part, depth)
        elif part.type == "spread_element":
            inner = script.value(part.named_children[0], depth)
            found |= inner if isinstance(inner, dict) else {text(part): expression(part)}
        elif part.type == "method_definition":
            found[text(part).partition("(")[0]] = expression(part)
    return found


def _key(script: Script, key: Node, depth: int) -> str:
    if key.type == "computed_property_name":
        found = script.value(key.named_children[0], depth)
        return found if isinstance(found, str) else text(key)
    return str(script.value(key, depth)) if key.type == "string" else text(key)


def _array(script: Script, node: Node, depth: int) -> Any:
    found: list[Any] = []
    for part in node.named_children:
        if part.type == "spread_element":
            inner = script.value(part.named_children[0], depth)
            found += inner if isinstance(inner, list) else [expression(part)]
        elif part.type != "comment":
            found.append(script.value(part, depth))
        if len(found) > LONGEST_LIST:
            return expression(node)
    return found


def _string(script: Script, node: Node, depth: int) -> Any:
    """Also a template, where everything that is put in is known."""
    found = ""
    for part in node.named_children:
        if part.type == "string_fragment":
            found += text(part)
        elif part.type == "escape_sequence":
            found += _unescaped(text(part)[1:])
        elif part.type == "template_substitution":
            inner = script.value(part.named_children[0], depth) if part.named_children else None
            if not isinstance(inner, str | float | int):
                return expression(node)
            found += inner if isinstance(inner, str) else f"{inner:.15g}"
        if len(found) > LONGEST_TEXT:
            return expression(node)
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unescaped(code: str) -> str:
    """What follows a backslash; half of a pair of surrogates stays one until the text is whole."""
    digits = code[1:].strip("{}")
    if code[:1] in ("u", "x") and digits:
        return chr(min(int(digits, 16), sys.maxunicode))
    return _ESCAPES.get(code, "" if code in _LINE_ENDS else code)


def _number(_script: Script, node: Node, _depth: int) -> Any:
    digits = text(node).replace("_", "").lower()
    try:
        return float(int(digits, 0)) if digits[:2] in ("0x", "0o", "0b") else float(digits)
    except (ValueError, OverflowError):
        return expression(node)


def _unary(script: Script, node: Node, depth: int) -> Any:
    argument = node.child_by_field_name("argument")
    inner = None if argument is None else script.value(argument, depth)
    sign = text(node.children[0])
    if not isinstance(inner, float) or sign not in ("-", "+"):
        return expression(node)
    return -inner if sign == "-" else inner


def _binary(script: Script, node: Node, depth: int) -> Any:
    sides = [node.child_by_field_name(name) for name in ("left", "right")]
    left, right = (None if side is None else script.value(side, depth) for side in sides)
    operator = text(node.children[1])
    if operator == "+" and isinstance(left, str) and isinstance(right, str) and len(left + right) <= LONGEST_TEXT:
        return left + right
    if operator not in _ARITHMETIC or not isinstance(left, float) or not isinstance(right, float):
        return expression(node)
    try:
        return _ARITHMETIC[operator](left, right)
    except (ArithmeticError, ValueError):
        return expression(node)


def _identifier(script: Script, node: Node, depth: int) -> Any:
    return script.constant(text(node), node, depth)


def _member(script: Script, node: Node, depth: int) -> Any:
    holder, name = node.child_by_field_name("object"), node.child_by_field_name("property")
    inner = None if holder is None or holder.type != "identifier" else script.value(holder, depth)
    found = inner.get(text(name)) if isinstance(inner, dict) and name is not None else None
    return expression(node) if found is None or isinstance(found, Expression) else found


def _inner(script: Script, node: Node, depth: int) -> Any:
    return script.value(node.named_children[0], depth) if node.named_children else expression(node)


_READERS: dict[str, Callable[[Script, Node, int], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "template_string": _string,
    "number": _number,
    "unary_expression": _unary,
    "binary_expression": _binary,
    "identifier": _identifier,
    "member_expression": _member,
    "parenthesized_expression": _inner,
    "true": lambda _script, _node, _depth: True,
    "false": lambda _script, _node, _depth: False,
    "null": lambda _script, _node, _depth: None,
    "undefined": lambda _script, _node, _depth: None,
}
