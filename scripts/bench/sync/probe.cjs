// Loaded before the sync, by NODE_OPTIONS: notes whom the sync asks and when, and what the process took in all.
const childProcess = require('node:child_process');
const { writeFileSync } = require('node:fs');
const http = require('node:http');
const net = require('node:net');

const loaded = performance.now();
const asked = [];
const note = (kind, what) => {
  const entry = { kind, what, from: performance.now(), to: 0, received: 0 };
  asked.push(entry);
  return entry;
};

const { request } = http;
http.request = (url, options, then) => {
  const entry = note('http', options.headers['x-amz-target'] ?? String(url));
  return request(url, options, (response) => {
    response.on('end', () => {
      entry.to = performance.now();
    });
    then(response);
  });
};

const { connect } = net;
net.connect = (...given) => {
  const socket = connect(...given);
  const { path, port } = given[0] ?? {};
  if (path === undefined && port === undefined) return socket;
  const entry = path === undefined ? note('task', String(port)) : note('command', '');
  socket.on('close', () => {
    entry.to = performance.now();
    entry.received = socket.bytesRead;
  });
  if (path === undefined) return socket;
  for (const name of ['write', 'end']) {
    const send = socket[name].bind(socket);
    socket[name] = (text, ...more) => {
      entry.what += text ?? '';
      return send(text, ...more);
    };
  }
  return socket;
};

const { spawnSync } = childProcess;
childProcess.spawnSync = (...given) => {
  const entry = note('program', given[0]);
  const done = spawnSync(...given);
  entry.to = performance.now();
  return done;
};

process.on('exit', () => {
  const { timeOrigin } = performance;
  const memory = process.resourceUsage().maxRSS;
  writeFileSync(
    process.env.SLUICE_TRACE,
    JSON.stringify({ timeOrigin, loaded, ended: performance.now(), memory, asked }),
  );
});
