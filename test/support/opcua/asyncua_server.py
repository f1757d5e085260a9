"""An OPC UA server by asyncua. Argument: options as JSON. Told what to do line by line; each answer is "done"."""

import asyncio
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from asyncua import Server, ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.history import HistoryDict

options = json.loads(sys.argv[1])
TYPES = {"Double": ua.VariantType.Double, "UInt64": ua.VariantType.UInt64, "Float": ua.VariantType.Float}


class Users:
    """Users by name and password, and one by certificate."""

    def __init__(self):
        file = options.get("userCertificate")
        self.certificate = Path(file).read_bytes() if file else None

    def get_user(self, iserver, username=None, password=None, certificate=None):
        user = User(role=UserRole.User)
        if username is not None:
            known = options["users"].get(username)
            return user if known is not None and known == password else None
        if certificate is not None and not options["anonymous"]:
            return user if certificate == self.certificate else None
        return user if options["anonymous"] else None


class CuttingHistory(HistoryDict):
    """Gives at most so many values, and no continuation point."""

    async def read_node_history(self, node_id, start, end, nb_values):
        values, _ = await super().read_node_history(node_id, start, end, nb_values)
        return values[: options["piece"]], None


async def main():
    server = Server()
    await server.init()
    server.iserver.set_user_manager(Users())
    server.set_endpoint(f"opc.tcp://127.0.0.1:{options['port']}/test")
    await server.set_application_uri(options["applicationUri"])
    server.set_security_policy([getattr(ua.SecurityPolicyType, name) for name in options["policies"]])
    named = [ua.UserNameIdentityToken, ua.X509IdentityToken]
    server.set_identity_tokens([ua.AnonymousIdentityToken, *named] if options["anonymous"] else named)
    await server.load_certificate(options["certificate"])
    await server.load_private_key(options["key"])
    history = CuttingHistory() if options["cut"] else HistoryDict(max_history_data_response_size=options["piece"])
    server.iserver.history_manager.set_storage(history)
    index = await server.register_namespace(options["namespace"])
    meter = await server.nodes.objects.add_object(index, "m1")
    nodes = {}
    for name, kind in options["nodes"].items():
        nodes[name] = await meter.add_variable(ua.NodeId(name, index), name.split(".")[-1], ua.Variant(0, TYPES[kind]))
        if options["history"]:
            await history.new_historized_node(nodes[name].nodeid, None, 0)
    async def put(name, value, at, status, now=True):
        kind = options["nodes"][name]
        variant = ua.Variant(int(value) if kind == "UInt64" else float(value), TYPES[kind])
        stamp = datetime.fromtimestamp(int(at) / 1000, timezone.utc)
        data = ua.DataValue(
            variant,
            ua.StatusCode(int(status)),
            SourceTimestamp=stamp,
            ServerTimestamp=datetime.now(timezone.utc),
        )
        if now:
            await nodes[name].write_value(data)
        if options["history"]:
            await history.save_node_value(nodes[name].nodeid, data)

    offset = timedelta(0)

    async def clock():
        while True:
            now = datetime.now(timezone.utc) + offset
            await server.iserver.current_time_node.write_value(now)
            await asyncio.sleep(0.1)

    filled = options["filled"]
    for number in range(filled["count"]):
        for name in nodes:
            await put(name, number, filled["from"] + number * filled["step"], 0, number == filled["count"] - 1)
    server.iserver.disabled_clock = True
    await server.start()
    ticking = asyncio.create_task(clock())
    print("ready", flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().strip():
        word, *rest = line.split("\t")
        if word == "offset":
            offset = timedelta(milliseconds=int(rest[0]))
        elif word in ("value", "past"):
            await put(*rest, now=word == "value")
        print("done", flush=True)
    ticking.cancel()
    await server.stop()


asyncio.run(main())
