"""Random Jinja expressions from the pieces of chat templates, many of them wrong on purpose."""

NAMES = ["messages[0].content", "messages[1].role", "messages[-1]", "tools[0].function.name", "numbers", "words", "rows", "d",
         "nothing", "yes", "big", "half", "emoji", "empty", "missing", "lines", "messages[2].content", "numbers[0]", "words[2]"]
LITERALS = ["0", "1", "-3", "2.5", "1.0", "7", "'abc'", "'A b  c'", "'\\n x\\n'", "''", "'é😀<'", "true", "false", "none", "[]", "{}",
            "[3, 1, 2]", "['b', 'a']", "{'k': 1, 'a': [2]}", "(1, 'x')", "'12'", "'a,b,c'", "'</think>'", "range(4)", "'%s|%s'"]
BINARY = ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or", "**"]
METHODS = ["strip()", "strip('\\n')", "lstrip()", "rstrip('c ')", "split()", "split(',')", "split('b', 1)", "upper()", "lower()",
           "title()", "capitalize()", "replace('a', 'xx')", "startswith('a')", "endswith('c')", "find('b')", "count('a')",
           "splitlines()", "join(words)", "items()", "keys()", "get('k')", "get('zz', 1)", "rsplit(' ', 1)", "partition('b')",
           "isdigit()", "zfill(6)", "center(9)", "format(1, 2)", "index(1)", "swapcase()", "removeprefix('a')", "append(1)"]
FILTERS = ["trim", "upper", "lower", "title", "capitalize", "length", "list", "first", "last", "join", "join(', ')", "sort",
           "reverse | list", "unique | list", "tojson", "tojson(indent=2)", "string", "int", "float", "abs", "round", "round(1)",
           "default('x')", "default('x', true)", "replace('a', 'b')", "sum", "min", "max", "items | list", "dictsort", "indent",
           "map('string') | list", "map('upper') | join('-')", "select | list", "select('odd') | list", "reject('none') | list",
           "map(attribute='k') | list", "selectattr('k') | list", "selectattr('n', '>', 1) | list", "groupby('n') | list", "e", "count",
           "batch(2) | list", "slice(2) | list", "wordcount", "truncate(8)", "center(11)", "urlencode", "striptags", "trim('a')",
           "rejectattr('k', 'defined') | list", "map('length') | list", "sort(attribute='n') | list", "map('first') | list"]
TESTS = ["defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping", "sequence", "iterable", "odd", "even",
         "true", "false", "lower", "upper", "callable", "in([1, 'abc'])", "eq(1)", "sameas(none)", "divisibleby(3)", "not none", "not defined"]
KEYS = ["[0]", "[-1]", "['k']", ".k", ".role", ".items", "[5]", "['content']"]


def expression(rng, depth):
    """A random expression of at most this many levels."""
    if depth == 0:
        return rng.choice(NAMES + LITERALS)
    inner = lambda: expression(rng, depth - 1)
    kind = rng.randrange(10)
    if kind < 3:
        return f"({inner()} {rng.choice(BINARY)} {inner()})"
    if kind < 6:
        return f"({inner()}) | {rng.choice(FILTERS)}" if depth == 1 else f"(({inner()}) | {rng.choice(FILTERS)})"
    if kind == 6:
        return f"({inner()}).{rng.choice(METHODS)}"
    if kind == 7:
        return f"({inner()}){rng.choice(KEYS)}"
    if kind == 8:
        return f"(({inner()}) is {rng.choice(TESTS)})"
    return f"({inner()} if {inner()} else {inner()})" if rng.random() < 0.5 else f"[{inner()}, not {inner()}]"


def expressions(rng, count):
    """Templates that print one random expression each."""
    return ["{{ " + expression(rng, rng.choice([1, 1, 2, 2, 3])) + " }}" for _ in range(count)]
