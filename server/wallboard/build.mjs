// Builds dist/ (default) or the unit tests into build/tests (--tests). Same sources, same bytes out.
import { build } from 'esbuild';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('.', import.meta.url));

// Televisions keep their browser for ten years. The style sheet needs :is(), which is Chrome 88; so may the script.
const target = 'chrome88';

async function buildPage() {
  const dist = join(root, 'dist');
  await rm(dist, { recursive: true, force: true });
  const result = await build({
    absWorkingDir: root,
    entryPoints: { board: 'src/main.tsx' },
    outdir: 'dist',
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'iife',
    charset: 'utf8',
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    metafile: true,
    target,
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const names = Object.keys(result.metafile.outputs).map((path) => basename(path));
  const script = names.find((name) => name.endsWith('.js'));
  const style = names.find((name) => name.endsWith('.css'));
  const page = (await readFile(join(root, 'src/index.html'), 'utf8'))
    .replace('board.js', script).replace('board.css', style);
  await writeFile(join(dist, 'index.html'), page);

  let total = 0;
  for (const name of ['index.html', script, style]) {
    const bytes = await readFile(join(dist, name));
    const packed = gzipSync(bytes, { level: 9 }).length;
    total += packed;
    console.log(`${name.padEnd(22)} ${String(bytes.length).padStart(7)} B  gzip ${packed} B`);
  }
  console.log(`${'total'.padEnd(22)} ${''.padStart(7)}    gzip ${total} B`);
  if (total > 60 * 1024) throw new Error(`over the budget of 60 KB: ${total} B`);
}

async function buildTests() {
  const out = join(root, 'build/tests');
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const tests = (await readdir(join(root, 'test'))).filter((name) => name.endsWith('.test.ts'));
  await build({
    absWorkingDir: root,
    entryPoints: tests.map((name) => join('test', name)),
    outdir: 'build/tests',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node18',
  });
}

await (process.argv.includes('--tests') ? buildTests() : buildPage());
