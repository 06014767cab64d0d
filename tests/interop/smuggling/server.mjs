// SPDX-License-Identifier: MIT
// node's http server, as it is by default: answers what it has read. Prints its port, and goes on
// until its input ends.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  let bytes = 0;
  request.on('data', (piece) => (bytes += piece.length));
  request.on('end', () => response.end(`${request.method} ${request.url} ${bytes}\n`));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
