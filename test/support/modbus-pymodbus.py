"""An independent Modbus server: pymodbus, RTU frames through a socket. Units 1 and 2 with 512 holding and 512 input
registers, whose words tell unit, function and address (wordOf in modbus-server.ts). Prints its port."""

import asyncio

from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

WORDS = 512


def block(unit: int, base: int) -> list[SimData]:
    values = [unit << 10 | base | at for at in range(WORDS)]
    return [SimData(0, values=values, datatype=DataType.REGISTERS)]


def device(unit: int) -> SimDevice:
    bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    return SimDevice(unit, simdata=(bits, bits, block(unit, 0), block(unit, 0x200)))


async def main() -> None:
    devices = [device(1), device(2)]
    server = ModbusTcpServer(devices, framer=FramerType.RTU, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    print(server.transport.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
