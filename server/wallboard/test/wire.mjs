// A wire between the page and a server that a test can freeze, cut and mend, whatever server it is.
import { connect, createServer } from 'node:net';

export async function openWire(target) {
  const { hostname, port } = new URL(target);
  let state = 'whole';
  const pairs = new Set();
  const server = createServer((near) => {
    if (state === 'cut') { near.destroy(); return; }
    const far = connect(Number(port || 80), hostname);
    const pair = { near, far };
    pairs.add(pair);
    const drop = () => { near.destroy(); far.destroy(); pairs.delete(pair); };
    for (const end of [near, far]) end.on('error', drop).on('close', drop);
    near.on('data', (bytes) => { far.write(bytes); });
    far.on('data', (bytes) => { near.write(bytes); });
    if (state === 'frozen') { near.pause(); far.pause(); }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const set = (next) => {
    state = next;
    for (const pair of [...pairs]) {
      if (next === 'cut') { pair.near.destroy(); pair.far.destroy(); }
      else for (const end of [pair.near, pair.far]) next === 'frozen' ? end.pause() : end.resume();
    }
  };
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    freeze: () => set('frozen'),
    cut: () => set('cut'),
    mend: () => set('whole'),
    close: () => { set('cut'); server.close(); },
  };
}
