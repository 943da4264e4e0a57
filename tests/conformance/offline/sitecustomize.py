"""Closes the network to any Python program that has this folder on its PYTHONPATH.

Each try is noted in the file that $NETWORK_TRIES names, so that a program that swallows the error is
told all the same.
"""

import os
import socket


def refuse(*arguments, **_):
    with open(os.environ["NETWORK_TRIES"], "a", encoding="utf-8") as file:
        print(arguments[-1:] if isinstance(arguments[0], socket.socket) else arguments[:2], file=file)
    raise OSError("the network is closed")


socket.socket.connect = refuse
socket.socket.connect_ex = refuse
socket.socket.sendto = refuse
socket.getaddrinfo = refuse
socket.gethostbyname = refuse
