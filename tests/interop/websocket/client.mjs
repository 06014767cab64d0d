// SPDX-License-Identifier: MIT
// Talks to an echo by npm's ws: client.mjs PORT plain|compress [PATH]. The exit status says whether
// all came back, pings were answered, and each violation ended with its close code.
import assert from 'node:assert/strict';
import WebSocket from 'ws';

const port = process.argv[2];
const compress = process.argv[3] === 'compress';
const path = process.argv[4] ?? '/';
setTimeout(() => {
  console.error('client: no end after 60 s');
  process.exit(1);
}, 60_000).unref();

function open(options = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options.protocols ?? [], {
    perMessageDeflate: compress ? { threshold: 0, ...options.deflate } : false,
    headers: options.headers,
    protocolVersion: options.version ?? 13,
  });
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(socket));
    socket.on('error', reject);
  });
}

const next = (socket, event) =>
  new Promise((resolve) => socket.once(event, (...values) => resolve(values)));

async function echoed(socket, data) {
  const answer = next(socket, 'message');
  socket.send(data);
  const [got, isBinary] = await answer;
  assert.equal(isBinary, Buffer.isBuffer(data));
  assert.deepEqual(isBinary ? got : got.toString(), data);
}

async function messages(options) {
  const socket = await open(options);
  const large = Array.from({ length: 20_000 }, (_, n) => `line ${n}`).join('\n');
  for (const size of [0, 1, 125, 126, 127, 65_535, 65_536]) {
    await echoed(socket, '*'.repeat(size));
    await echoed(socket, Buffer.alloc(size, 0xfe));
  }
  for (let n = 0; n < 3; ++n) await echoed(socket, large);
  await echoed(socket, 'κόσμε');

  const whole = next(socket, 'message');
  socket.send('in ', { fin: false });
  socket.ping('between');
  socket.send('frag', { fin: false });
  socket.send('ments', { fin: true });
  const [payload] = await next(socket, 'pong');
  assert.equal(payload.toString(), 'between');
  assert.equal((await whole)[0].toString(), 'in fragments');

  const closed = next(socket, 'close');
  socket.close(4321, 'that is all');
  const [code] = await closed;
  assert.equal(code, 4321);
}

/// Writes bytes that are no proper frame, past the library.
async function violation(bytes, expected) {
  const socket = await open();
  const closed = next(socket, 'close');
  socket._socket.write(Buffer.from(bytes));
  const [code] = await closed;
  assert.equal(code, expected);
}

async function refused(options, expected) {
  const error = await open(options).then(
    () => assert.fail('accepted'),
    (reason) => reason,
  );
  assert.match(error.message, new RegExp(`${expected}`));
}

await messages({});
await messages({ protocols: ['other', 'echo'] });
if (compress) {
  await messages({ deflate: { serverNoContextTakeover: true, clientNoContextTakeover: true } });
  await messages({ deflate: { serverMaxWindowBits: 9, clientMaxWindowBits: 10 } });
}
await violation([0x81, 0x00], 1002); // not masked
await violation([0x83, 0x80, 0, 0, 0, 0], 1002);
await violation([0x81, 0x81, 0, 0, 0, 0, 0xff], 1007);
await violation([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], 1009);
await refused({ headers: { Origin: 'https://evil.example' } }, 403);
await refused({ version: 8 }, 426);
console.log(`client: all as it should be${compress ? ', compressed' : ''}`);
process.exit(0);
