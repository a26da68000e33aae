#!/usr/bin/env python3
"""t/chain/oauth.py TOKENS PROGRAM...: an example of a helper that can do OAUTHBEARER (RFC 7628) and XOAUTH2.

TOKENS is a file with a line for each token that is good now: "TOKEN USER HOME". A site puts what it knows of tokens
into verify(): asks its provider (RFC 7662), or checks a signature. All else is what imaplogin(8) asks of any helper.
"""
import json
import os
import socket
import sys


def verify(token):
    """Whose token it is, and where his home is; or None."""
    with open(sys.argv[1]) as tokens:
        for line in tokens:
            good, user, home = line.split()
            if token == good:
                return user, home
    return None


def key_values(octets):
    """key "=" value, each ended by a control A, and one more at the end. Unknown keys are ignored."""
    if not octets.endswith("\1\1") and octets != "\1":
        raise ValueError("not ended")
    pairs = [pair.split("=", 1) for pair in octets[:-1].split("\1") if pair]
    return {key: value for key, value in pairs}


def parse(mechanism, message):
    """The user that the client asks for, maybe none, and the token.

    A site that knows by which names and ports it is reached compares "host" and "port" with them (RFC 7628 3.2).
    """
    text = message.decode("utf-8")
    if mechanism == "OAUTHBEARER":
        flag, authzid, rest = text.split(",", 2)
        if flag not in ("n", "y") or not (authzid == "" or authzid.startswith("a=")) or not rest.startswith("\1"):
            raise ValueError("no GS2 header")
        values = key_values(rest[1:])
        user = authzid[2:].replace("=2C", ",").replace("=3D", "=")
    else:
        values = key_values(text)
        user = values["user"]
    kind, token = values["auth"].split(" ", 1)
    if kind.lower() != "bearer":
        raise ValueError("no bearer token")
    return user, token.strip(" ")


def refuse(status, mechanism, why):
    """Tells the client why, in JSON; his answer, whatever it is, is the end."""
    if mechanism == "OAUTHBEARER":
        error = {"status": why, "scope": "mail"}
    else:
        error = {"status": "400", "schemes": "Bearer", "scope": "mail"}
    status.send(b"CHALLENGE " + json.dumps(error, separators=(",", ":")).encode())
    status.recv(65536)
    sys.exit(1)


def become(user, home):
    """Whoever owns the home is who has the mail."""
    owner = os.stat(home)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
    os.chdir(home)
    os.environ.update(USER=user, HOME=home, SHELL="/bin/sh", AUTHENTICATED=user)


def main():
    if sys.argv[1:] == ["--mechanisms"]:
        print("OAUTHBEARER XOAUTH2")
        return
    mechanism = os.environ.get("IMAPMECHANISM", "PLAIN")
    with os.fdopen(3, "rb") as input:
        message = input.read().split(b"\0", 1)[1]
    if mechanism not in ("OAUTHBEARER", "XOAUTH2"):
        sys.exit(1)    # a password: for the next helper
    status = socket.socket(fileno=int(os.environ["IMAPSTATUSFD"]))
    try:
        asked, token = parse(mechanism, message)
    except (ValueError, KeyError):
        refuse(status, mechanism, "invalid_request")
    status.send(b"USER " + asked.encode())
    found = verify(token)
    if not found or asked not in ("", found[0]):
        refuse(status, mechanism, "invalid_token")
    become(*found)
    os.execvp(sys.argv[2], sys.argv[2:])


main()
