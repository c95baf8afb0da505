"""An SMTP server that takes everything and answers a body only after a pause, as a real relay does.

    python -m bench.sink PORT MILLISECONDS

`smtp-sink` waits in whole seconds only.
"""

from __future__ import annotations

import asyncio
import itertools
import sys

_END = b"\r\n.\r\n"
_numbers = itertools.count()


class Line(asyncio.Protocol):
    """One connection; bodies are counted and thrown away."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._held = b""
        self._in_body = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._held += data
        while self._in_body or b"\r\n" in self._held:
            if self._in_body:
                _, found, rest = self._held.partition(_END)
                if not found:
                    self._held = self._held[-len(_END) + 1 :]
                    return
                self._in_body, self._held = False, rest
                taken = b"250 2.0.0 Ok: queued as %012XZZ\r\n" % next(_numbers)
                asyncio.get_running_loop().call_later(self._pause, self._transport.write, taken)
                continue
            command, _, self._held = self._held.partition(b"\r\n")
            self._answer(command[:4].upper())

    def _answer(self, verb: bytes) -> None:
        if verb == b"DATA":
            self._in_body = True
            self._transport.write(b"354 go on\r\n")
        elif verb == b"QUIT":
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        else:
            self._transport.write(b"250 ok\r\n")


async def main(port: int, pause: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Line(pause), "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]) / 1000))
