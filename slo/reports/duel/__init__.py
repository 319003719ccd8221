"""One judged duel, base against head, in every form.

What the forms say is in ``outcomes``, ``findings``, ``guilt``, ``knowledge`` and ``facts``; what the page draws is in
``forest`` and ``launches``.
"""
