"""The part of the expressions of GitHub's workflows and GitLab's rules that the examples use."""

import re

TOKEN = re.compile(
    r"\s*(?:(?P<operator>\|\||&&|==|!=|!|\(|\))|(?P<text>'(?:[^']|'')*'|\"[^\"]*\")"
    r"|(?P<variable>\$[A-Za-z_]\w*)|(?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*(?:\(\))?))"
)
BRACES = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


class Parser:
    """Evaluates one expression; what is not known is an error, and what is missing is empty."""

    def __init__(self, text, context):
        self.tokens, self.at, self.context = [], 0, context
        text, end = text.strip(), 0
        while end < len(text):
            match = TOKEN.match(text, end)
            if not match:
                raise ValueError(f"not understood: {text[end:]}")
            self.tokens.append((match.lastgroup, match.group(match.lastgroup)))
            end = match.end()

    def take(self, *operators):
        if self.at < len(self.tokens) and self.tokens[self.at] in [("operator", it) for it in operators]:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def value(self):
        found = self.either()
        if self.at != len(self.tokens):
            raise ValueError(f"more than one expression: {self.tokens}")
        return found

    def either(self):
        left = self.both()
        while self.take("||"):
            right = self.both()
            left = left or right
        return left

    def both(self):
        left = self.compared()
        while self.take("&&"):
            right = self.compared()
            left = left and right
        return left

    def compared(self):
        left = self.single()
        while operator := self.take("==", "!="):
            right = self.single()
            left = (left == right) == (operator == "==")
        return left

    def single(self):
        if self.take("!"):
            return not self.single()
        if self.take("("):
            found = self.either()
            if not self.take(")"):
                raise ValueError("an open parenthesis")
            return found
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "text":
            return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1]
        if kind == "variable":
            return self.context.get(text[1:], "")
        if kind != "name":
            raise ValueError(f"not understood: {text}")
        found = self.context
        if text.split(".")[0] not in found:
            raise ValueError(f"there is no {text}")
        for name in text.split("."):
            found = found.get(name, "") if isinstance(found, dict) else ""
        return found


def evaluate(text, context):
    return Parser(text, context).value()


def shown(value):
    return {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else str(value)


def fill(text, context):
    """Fills in what stands in `${{ }}`."""
    return BRACES.sub(lambda match: shown(evaluate(match.group(1), context)), text)


def holds(condition, context):
    """Tells whether an `if` lets its step or job run."""
    if condition is None:
        return True
    text = str(condition).strip()
    match = BRACES.fullmatch(text)
    return bool(evaluate(match.group(1) if match else text, context))
