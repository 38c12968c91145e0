"""Text of others on a terminal: nothing in it may move the cursor, change a colour or hide what follows."""


def printable(text: str) -> str:
    """The text on one line, with a question mark for whatever a terminal would not simply show."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
