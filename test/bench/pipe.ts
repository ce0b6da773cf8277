// The simplest relay in Node.js. It gets the upstream server's port as argument, and tells its parent its own port.
import { connect, createServer, type AddressInfo } from 'node:net';

const upstreamPort = Number(process.argv[2]);

const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const upstream = connect({ port: upstreamPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  client.pipe(upstream).pipe(client);
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
});
listener.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  process.send?.((listener.address() as AddressInfo).port);
});
process.on('disconnect', () => process.exit());
