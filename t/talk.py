#!/usr/bin/env python3
"""t/talk.py: says IMAP commands one after the other and shows every line that comes.

talk.py [--tls | --starttls] [--ca FILE] [--cert FILE] [--source ADDRESS] [--host HOST] PORT COMMAND...

A command waits for its tagged reply. Three are not sent:
  @idle FILE PATTERN   IDLE; makes FILE once the server waits; DONE when a line has PATTERN in it
  @until FILE          waits until FILE is there
  @made FILE           makes FILE
"""
import argparse
import os
import socket
import ssl
import sys
import time


class Talk:
    def __init__(self, args):
        self.sock = socket.create_connection((args.host, args.port), timeout=60, source_address=(args.source, 0))
        self.context = ssl.create_default_context(cafile=args.ca)
        if args.cert:
            self.context.load_cert_chain(args.cert)
        self.count = 0
        if args.tls:
            self.start_tls()
        self.file = self.sock.makefile("rb")
        self.line()
        if args.starttls:
            self.command("STARTTLS")
            self.start_tls()
            self.file = self.sock.makefile("rb")

    def start_tls(self):
        self.sock = self.context.wrap_socket(self.sock, server_hostname="localhost")

    def line(self):
        line = self.file.readline()
        if not line:
            raise EOFError
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        print(text, flush=True)
        return text

    def send(self, text):
        self.sock.sendall(text.encode() + b"\r\n")

    def until(self, start):
        while not self.line().startswith(start):
            pass

    def command(self, text):
        self.count += 1
        self.send(f"t{self.count} {text}")
        self.until(f"t{self.count} ")

    def idle(self, made, pattern):
        self.count += 1
        self.send(f"t{self.count} IDLE")
        self.until("+")
        open(made, "w").close()
        while pattern not in self.line():
            pass
        self.send("DONE")
        self.until(f"t{self.count} ")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--starttls", action="store_true")
    parser.add_argument("--ca")
    parser.add_argument("--cert")
    parser.add_argument("--source", default="")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("port", type=int)
    parser.add_argument("command", nargs="*")
    args = parser.parse_args()
    commands = args.command
    try:
        talk = Talk(args)
        while commands:
            word = commands.pop(0)
            if word == "@idle":
                talk.idle(commands.pop(0), commands.pop(0))
            elif word == "@until":
                name = commands.pop(0)
                while not os.path.exists(name):
                    time.sleep(0.02)
            elif word == "@made":
                open(commands.pop(0), "w").close()
            else:
                talk.command(word)
        while True:
            talk.line()
    except EOFError:
        print("(closed)")
    except OSError as e:
        print(f"({e})")
        sys.exit(1)


main()
