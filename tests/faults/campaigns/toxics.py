"""What networks do to the connections between workers and what they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tests.faults.campaigns.pictures import Pictures
from tests.faults.campaigns.scene import Scene
from tests.support.fault_proxy import NONE, Ending, Fault, FaultProxy


@dataclass(frozen=True)
class Toxic:
    """What a network does to connections."""

    seen: str
    to_server: Fault
    to_client: Fault


TOXICS: Mapping[str, Toxic] = MappingProxyType(
    {
        "slow": Toxic("every answer takes 0.1 to 0.3 s longer", NONE, Fault(latency=0.1, jitter=0.2)),
        "cut": Toxic("connections end in the middle of an answer", NONE, Fault(cut_after=2_000)),
        "reset": Toxic(
            "connections are reset in the middle of a query", Fault(cut_after=2_000, ending=Ending.RESET), NONE
        ),
        "half-closed": Toxic(
            "connections end one way: nothing more is heard", Fault(cut_after=0, ending=Ending.HALF_CLOSE), NONE
        ),
        "swallowing": Toxic("connections stay open and pass nothing on", Fault(stalled=True), Fault(stalled=True)),
    }
)


def _to_origin(scene: Scene) -> FaultProxy:
    assert isinstance(scene.source, Pictures)
    return scene.source.to_origin


SERVERS: Mapping[str, Callable[[Scene], FaultProxy]] = MappingProxyType(
    {
        "postgres": lambda scene: scene.ground.to_postgres,
        "valkey": lambda scene: scene.ground.to_valkey,
        "origin": _to_origin,
    }
)


def spoil_way(server: str, toxic: Toxic, scene: Scene) -> bool:
    """The connections to a server are bad for longer than a lease."""
    proxy = SERVERS[server](scene)

    def act() -> None:
        proxy.inflict(toxic.to_server, toxic.to_client)
        scene.pause(scene.lease * scene.draw.uniform(1.0, 1.5))
        proxy.heal()

    if server == "postgres":
        scene.unattended(act)
    else:
        act()
    return True
