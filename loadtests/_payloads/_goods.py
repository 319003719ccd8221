"""Goods to put into catalogues and to look for: any number of them, of which all is known beforehand."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

HIGHEST_NUMBER: Final = 10**9

_KINDS: Final = (
    ("ropa", "Camisa", "de manga larga, con botones"),
    ("ropa", "Pantalón", "de corte recto, con bolsillos"),
    ("ropa", "Campera", "liviana, con capucha"),
    ("calzado", "Zapatillas", "para correr, con suela de goma"),
    ("calzado", "Botas", "de caña corta, con cierre"),
    ("hogar", "Mantel", "para mesa de seis personas"),
    ("hogar", "Cortina", "con ojales, de dos paños"),
    ("hogar", "Almohadón", "con funda lavable"),
    ("cocina", "Olla", "de cuatro litros, con tapa"),
    ("cocina", "Tabla", "para cortar, con ranura"),
    ("deportes", "Mochila", "de veinte litros, con dos bolsillos"),
    ("deportes", "Guantes", "con palma reforzada"),
)
_MATERIALS: Final = ("algodón", "lino", "cuero", "lana", "acero", "madera", "nailon", "corcho")
_COLOURS: Final = ("rojo", "azul", "verde", "negro", "blanco", "gris", "amarillo", "violeta", "marrón", "rosado")
_SIZES: Final = ("chico", "mediano", "grande")


class Good(NamedTuple):
    """A product of the load's catalogue."""

    id: str
    title: str
    description: str
    category: str
    price: float
    attributes: dict[str, str]
    words: str
    """What somebody types who looks for it."""


def good(number: int) -> Good:
    """The product of that ``number``, from 0 to `HIGHEST_NUMBER`; the same in every process."""
    rest, kind = divmod(number, len(_KINDS))
    rest, material = divmod(rest, len(_MATERIALS))
    series, colour = divmod(rest, len(_COLOURS))
    category, noun, about = _KINDS[kind]
    draw = Random(number)
    size = draw.choice(_SIZES)
    return Good(
        id=f"art-{number}",
        title=f"{noun} de {_MATERIALS[material]} {_COLOURS[colour]} n.º {series}",
        description=f"{noun} {about}. Tamaño {size}.",
        category=category,
        price=float(draw.randrange(20, 900) * 1_000),
        attributes={"color": _COLOURS[colour], "material": _MATERIALS[material], "tamaño": size},
        words=f"{noun.lower()} {_COLOURS[colour]} de {_MATERIALS[material]}",
    )


def number_in(name: str) -> int | None:
    """The number of the good that is called ``name``; None for what is none."""
    digits = name.removeprefix("art-")
    return int(digits) if digits != name and digits.isdecimal() else None
