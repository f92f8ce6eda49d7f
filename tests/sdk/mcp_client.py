"""Speaks to an MCP server with the official Python SDK: lists the tools, calls one, prints what came of it as one line of JSON.

    mcp_client.py http URL TOOL ARGS
    mcp_client.py stdio PROGRAM TOOL ARGS

ARGS is JSON. Works with the SDK's versions 1 and 2.
"""

import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

try:
    from mcp.client.streamable_http import streamable_http_client as http_client
except ImportError:
    from mcp.client.streamable_http import streamablehttp_client as http_client


def transport(kind, where):
    if kind == "http":
        return http_client(where)
    return stdio_client(StdioServerParameters(command=where))


async def main(kind, where, tool, args):
    async with transport(kind, where) as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            begun = await session.initialize()
            listed = await session.list_tools()
            result = await session.call_tool(tool, json.loads(args))
            shown = result.model_dump(by_alias=True, mode="json", exclude_none=True)
            server = begun.model_dump(by_alias=True, mode="json")
            text = "".join(block["text"] for block in shown["content"] if block["type"] == "text")
            print(json.dumps({
                "version": server["protocolVersion"],
                "tools": [listed_tool.name for listed_tool in listed.tools],
                "text": text,
                "structured": shown.get("structuredContent"),
                "failed": bool(shown.get("isError")),
            }))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
