import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { run, runOk } from '../support/run.js';
import { sluice } from './program.js';

/** What a shell offers for each of these command lines, whose last word is the one that is completed. */
type Offers = (script: string, lines: readonly (readonly string[])[], folder: string) => Promise<string[][]>;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const MARK = 'END-OF-OFFERS';
/** The offers of each line, which end with the mark. */
const blocksIn = (output: string): string[][] =>
  output.split(`${MARK}\n`).slice(0, -1).map((block) => block.split('\n').map((word) => word.trim()).filter(Boolean).sort());

/** bash splits words at `=`, as COMP_WORDBREAKS says. */
const inBash: Offers = async (script, lines, folder) => {
  const asked = lines.map((words) => {
    const split = words.flatMap((word) => word.split(/(?<==)|(?==)/));
    const all = ['sluice', ...split].map(quoted).join(' ');
    return `COMP_WORDS=(${all}); COMP_CWORD=${split.length}; _sluice; printf '%s\\n' "\${COMPREPLY[@]}" ${MARK}`;
  });
  const program = [script, `cd ${quoted(folder)}`, 'complete -p sluice >&2', ...asked].join('\n');
  const { stdout, stderr } = await run('bash', ['--noprofile', '--norc', '-c', program]);
  if (stderr !== 'complete -F _sluice sluice\n') throw new Error(stderr);
  return blocksIn(stdout);
};

const inFish: Offers = async (script, lines, folder) => {
  const asked = lines.map((words) => `complete -C ${quoted(['sluice', ...words].join(' '))} | cut -f1; echo ${MARK}`);
  const program = [script, `cd ${quoted(folder)}`, ...asked].join('\n');
  return blocksIn(await runOk('fish', ['--no-config', '-c', program]));
};

/** zsh completes only on a terminal. This one lists the matches between marks. */
const inZsh: Offers = async (script, lines, folder) => {
  writeFileSync(join(folder, '.complete'), script);
  const asked = lines.map((words) => `ask ${quoted(['sluice', ...words].join(' '))}`);
  const program = `
zmodload zsh/zpty
zpty shell zsh -f -i
ask() {
  zpty -w shell "$1"$'\\t'
  local line all=
  while zpty -r shell line; do
    all+=$line
    [[ $all == *${MARK}* ]] && break
  done
  print -r -- "$all" | sed -n 's/.*OFFER:\\([^:]*\\):.*/\\1/p'
  print ${MARK}
}
zpty -w shell "PS1= ; cd ${folder}; autoload -Uz compinit; compinit -u -D; source ./.complete; source ./.list; print READY-''NOW"
while zpty -r shell line; do [[ $line == *READY-NOW* ]] && break; done
${asked.join('\n')}
zpty -d shell
`;
  // Every match goes through compadd. The line is thrown away after it, so that nothing is run.
  writeFileSync(join(folder, '.list'), `
compadd() {
  if [[ \${@[(I)-[OAD]]} -gt 0 ]]; then builtin compadd "$@"; return; fi
  local -a found
  builtin compadd -O found "$@"
  builtin compadd "$@"
  local one
  for one in $found; do print -r -- "OFFER:$one:"; done
}
list-offers() { zle complete-word; print ${MARK.slice(0, 3)}''${MARK.slice(3)}; BUFFER=; }
zle -N list-offers
bindkey '^I' list-offers
`);
  return blocksIn(await runOk('zsh', ['-f', '-c', program]));
};

const SHELLS: Readonly<Record<string, Offers>> = { bash: inBash, fish: inFish, zsh: inZsh };

/** What is typed, and what has to be offered for its last word; `holds` leaves out the rest of a long list. */
const CASES: readonly { readonly words: readonly string[]; readonly offers?: readonly string[]; readonly holds?: string }[] = [
  { words: [''], holds: 'report' },
  { words: ['ch'], offers: ['check'] },
  { words: ['--mo'], offers: ['--mode'] },
  { words: ['check', '--log'], offers: ['--log-level'] },
  { words: ['report', '--or'], offers: ['--order'] },
  { words: ['--mode', ''], offers: ['audit', 'enforce'] },
  { words: ['check', '--mode', 'au'], offers: ['audit'] },
  { words: ['--max-rows', 'un'], offers: ['unlimited'] },
  { words: ['--listen', ''], offers: [] },
  { words: ['--upstream', 'check', 'ch'], offers: ['check'] },
  { words: ['check', '--config', 'slu'], offers: ['sluice.json'] },
  { words: ['report', 'aud'], offers: ['audit.json'] },
  { words: ['advise', '--by', ''], offers: ['bytes', 'rows'] },
  { words: ['run', '--fail-on', 'would-c'], offers: ['would-cut'] },
  { words: ['run', '--', 'aud'], offers: ['audit.json'] },
  { words: ['report', '--baseline', 'slu'], offers: ['sluice.json'] },
  { words: ['inject', '--pod'], offers: ['--pod-monitor'] },
  { words: ['inject', 'aud'], offers: ['audit.json'] },
  { words: ['help', 'trou'], offers: ['troubleshooting'] },
  { words: ['completion', ''], offers: ['bash', 'fish', 'zsh'] },
];

for (const [shell, offersOf] of Object.entries(SHELLS)) {
  t.test(`${shell} completes commands, flags, their values and files`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-completion-'));
    for (const name of ['sluice.json', 'audit.json']) writeFileSync(join(folder, name), '');
    const { code, stdout, stderr } = await sluice(['completion', shell]);
    t.match({ code, stderr }, { code: 0, stderr: '' });
    const found = await offersOf(stdout, CASES.map(({ words }) => words), folder);
    for (const [index, { words, offers, holds }] of CASES.entries()) {
      const line = `sluice ${words.join(' ')}`;
      if (offers !== undefined) t.strictSame(found[index], [...offers].sort(), line);
      if (holds !== undefined) t.ok(found[index]!.includes(holds), `${line}: ${found[index]!.join(' ')}`);
    }
  });
}

t.test('bash completes the value after --flag=', async (t) => {
  const { stdout } = await sluice(['completion', 'bash']);
  const found = await inBash(stdout, [['--mode=en'], ['check', '--mode='], ['check', '--log-level=de']], tmpdir());
  t.strictSame(found, [['enforce'], ['audit', 'enforce'], ['debug']]);
});

t.test('a script has every command and flag of the help', async (t) => {
  const { stdout: script } = await sluice(['completion', 'fish']);
  const { stdout: overall } = await sluice(['--help']);
  const commands = [...overall.matchAll(/^ {2}sluice (\w+)/gm)].map(([, name = '']) => name);
  t.ok(commands.length > 7, commands.join());
  for (const command of commands) {
    t.match(script, new RegExp(` -a ${command} -d `), command);
    if (command === 'help') continue; // it has no flags, and yargs lists those of the default command
    const { stdout: helped } = await sluice([command, '--help']);
    for (const [, flag = '', value = ''] of helped.matchAll(/^ {2,6}(?:-\w, )*--([\w-]+) {2,}(?:([A-Z]+) )?/gm)) {
      const line = new RegExp(`contains \\(__sluice_command\\) .*\\b${command}' -l ${flag}\\b(.*)`).exec(script);
      t.ok(line, `${command} --${flag}`);
      if (value === 'FILE') t.match(line?.[1], / -F /, `${command} --${flag}`);
    }
  }
});

t.test('refuses a shell that it does not know', async (t) => {
  t.match(await sluice(['completion', 'fihs']), { code: 2, stdout: '', stderr: /expected a shell.*did you mean fish\?/ });
  t.match(await sluice(['completion']), { code: 2, stderr: /expected a shell \(bash, zsh, fish\)$/m });
});
