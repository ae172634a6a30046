"""A mail server on a free loopback port, for tests: prints its port, then each mail as one line of JSON."""
import json
import sys

from aiosmtpd.controller import Controller


class Printer:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('gone@'):
            return '550 no such user'
        envelope.rcpt_tos.append(address)
        return '250 OK'

    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({'from': envelope.mail_from, 'to': envelope.rcpt_tos,
                          'content': envelope.content.decode('utf-8')}), flush=True)
        return '250 OK'


class AnyPort(Controller):
    # The controller connects once, to see whether it listens: to the port it got.
    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


controller = AnyPort(Printer(), hostname='127.0.0.1', port=0)
controller.start()
print(controller.port, flush=True)
sys.stdin.read()
controller.stop()
