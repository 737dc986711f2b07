import os
import sys

main = sys.modules["__main__"]
read_command = main.wire.read_command


def read_or_leave(fd, *rest):
    command = read_command(fd, *rest)
    if command[0] == main.wire.EXIT:
        os._exit(0)
    return command


main.wire.read_command = read_or_leave
