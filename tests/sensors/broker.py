"""An MQTT broker in a process of its own, for tests: `python broker.py PORT`, until stdin ends."""

from __future__ import annotations

import asyncio
import sys

from amqtt.broker import Broker
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

USER, PASSWORD = "field", "a-password"


class OnePassword(BaseAuthPlugin):
    """Known clients only: this broker keeps nothing for anonymous ones."""

    async def authenticate(self, *, session: Session) -> bool:
        return (session.username, session.password) == (USER, PASSWORD)


async def serve(port: str) -> None:
    listeners = {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}
    broker = Broker({"listeners": listeners, "plugins": {"__main__.OnePassword": {}}})
    await broker.start()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
