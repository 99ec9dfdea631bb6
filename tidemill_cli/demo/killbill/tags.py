"""The system's own tags, whose definitions have fixed ids and no rows."""

from tidemill_cli.demo.killbill.model import TAGS, Account
from tidemill_cli.demo.killbill.rows import Row, touch
from tidemill_cli.demo.killbill.world import World


def put(world: World, account: Account, name: str) -> Row:
    """Put a tag on an account."""
    account.tags.add(name)
    return row(world, account, account.id, "ACCOUNT", name)


def take(world: World, account: Account, tag: Row) -> None:
    """Take a tag away again."""
    touch(tag, world.now, is_active=False)
    number = int(str(tag["tag_definition_id"])[-2:])
    account.tags -= {name for name, known in TAGS.items() if known == number}
    world.changed(account)


def row(world: World, account: Account, tagged: str, kind: str, name: str) -> Row:
    """Write a tag of anything of an account's."""
    return world.rows.add(
        "tags",
        world.now,
        tag_definition_id=f"00000000-0000-0000-0000-{TAGS[name]:012d}",
        object_id=tagged,
        object_type=kind,
        **account.keys,
    )
