"""Lists the tools of an MCP server with the official Python SDK, waits to be told that they have changed, and lists them again.

    mcp_changes.py http URL
    mcp_changes.py stdio PROGRAM

Works with the SDK's versions 1 and 2.
"""

import asyncio
import json
import sys

from mcp import ClientSession

sys.dont_write_bytecode = True  # the folder is part of the source
from mcp_client import transport  # noqa: E402


async def main(kind, where, *_):
    changed = asyncio.Event()

    async def hear(message):
        if "tools/list_changed" in repr(message):
            changed.set()

    async with transport(kind, where) as streams:
        async with ClientSession(streams[0], streams[1], message_handler=hear) as session:
            await session.initialize()
            before = await session.list_tools()
            await asyncio.wait_for(changed.wait(), 20)
            after = await session.list_tools()
            print(json.dumps({"before": [tool.name for tool in before.tools], "after": [tool.name for tool in after.tools]}))


asyncio.run(main(*sys.argv[1:]))
