import { createTimeline, wrap } from '../../scripts/demo/timeline';

const out = (isTTY: boolean) => {
  const written: string[] = [];
  return { written, isTTY, columns: 40, write: (text: string) => written.push(text) };
};

describe('createTimeline', () => {
  it('writes plain lines, indented where they go on', () => {
    const pipe = out(false);

    createTimeline(pipe, 1_000, false).line({ at: 13_400, source: 'ecs', text: 'tasks aaaa bbbb run version 2' });

    expect(pipe.written).toStrictEqual(['   12.4s  ecs    tasks aaaa bbbb run\n                 version 2\n']);
  });

  it('leaves a text as it is, except for lines that are too long', () => {
    const pipe = out(false);

    createTimeline(pipe, 0, false).text('a   table\nfailed: a request that nobody had begun at all');

    expect(pipe.written).toStrictEqual(['a   table\nfailed: a request that nobody had\n  begun at all\n']);
  });

  it('colours the source where it may', () => {
    const terminal = out(true);

    createTimeline(terminal, 0, true).line({ at: 0, source: 'ecs', text: 'x' });

    expect(terminal.written.join('')).toContain('\x1b[33mecs   \x1b[39m x');
  });

  it('keeps the status in the last line of a terminal, never wider than it', () => {
    const terminal = out(true);
    const timeline = createTimeline(terminal, 0, false);

    timeline.status('served 4,180 · failed 0 · 198/s');
    timeline.text('above it');

    const status = '                 served 4,180 · failed ';
    expect(terminal.written).toStrictEqual([`\r\x1b[2K${status}`, `\r\x1b[2Kabove it\n${status}`]);
  });

  it('writes no status into a pipe', () => {
    const pipe = out(false);
    const timeline = createTimeline(pipe, 0, false);

    timeline.status('served 4,180');
    timeline.text('a line');

    expect(pipe.written).toStrictEqual(['a line\n']);
  });
});

describe('wrap', () => {
  it('breaks between words, and leaves a word that is too long as it is', () => {
    expect(wrap('one two incomprehensibilities three', 8)).toStrictEqual(['one two', 'incomprehensibilities', 'three']);
  });
});
