// SPDX-License-Identifier: MIT
// An echo by npm's ws: server.mjs [compress]. Prints its port, and goes on until its input ends.
import { WebSocketServer } from 'ws';

const compress = process.argv[2] === 'compress';
const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: compress ? { threshold: 0 } : false,
  handleProtocols: (offered) => (offered.has('echo') ? 'echo' : false),
});
server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', (error) => console.error('server:', error.message));
});
process.stdin.on('end', () => process.exit(0)).resume();
setTimeout(() => process.exit(1), 60_000).unref();
