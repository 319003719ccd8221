"""How well, and how fast, recipes are read: cards of which all is known, printed and photographed."""
