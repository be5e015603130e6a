"""The loopback interface: all that a machine without any network still needs."""

import fcntl
import socket
import struct

from daulat.errors import DaulatError

SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
IFF_UP = 0x1
_REQUEST = struct.Struct("16sh14x")
"""`struct ifreq` with flags. Source: netdevice(7)."""


def ensure_loopback() -> bool:
    """Loopback is up when this returns; True if it was down, as in a network namespace that is new (`unshare -n`).

    Raises: DaulatError where it is down and may not be brought up by us.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = _REQUEST.pack(b"lo", 0)
        try:
            _, flags = _REQUEST.unpack(fcntl.ioctl(control, SIOCGIFFLAGS, request))
            if flags & IFF_UP:
                return False
            fcntl.ioctl(control, SIOCSIFFLAGS, _REQUEST.pack(b"lo", flags | IFF_UP))
        except OSError as error:
            raise DaulatError(
                f"the loopback interface is down and cannot be brought up: {error.strerror}",
                "run `ip link set lo up` as root",
            ) from error
    return True
