/** The same as a page that stands alone: one column a host, what matters in colour, calls that can be hidden. */
import { create } from 'xmlbuilder2';
import { aboutFailure, aboutScenario } from './explain.ts';
import type { FailureFile } from './failure-file.ts';
import type { Moment, Timeline } from './timeline.ts';

const style = `
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: 1px 10px; border-left: 1px solid #ddd }
th { position: sticky; top: 0; background: #fff; border-bottom: 1px solid #999 }
td.time { color: #888; font-variant-numeric: tabular-nums; white-space: nowrap; border: 0 }
td { font-family: ui-monospace, monospace; font-size: 12px }
.operation { font-weight: 600 } .lock { color: #06c } .tool, .step { color: #7a4 } .change { color: #936 }
.call { color: #888 } .fault, .crash { background: #fe9; font-weight: 600 }
.violation { background: #c00; color: #fff; font-weight: 600 }
`;

export function explainAsHtml(failure: FailureFile, { moments, result }: Timeline): string {
  const hosts = failure.scenario.machines.length;
  const page = create().ele('html', { lang: 'en' });
  const head = page.ele('head');
  head.ele('meta', { charset: 'utf-8' });
  head.ele('title').txt(`${failure.violation.id} - platter`);
  head.ele('style').txt(style);
  const body = page.ele('body');
  body.ele('h1').txt(failure.violation.id);
  for (const line of aboutFailure(failure)) body.ele('p').txt(line);
  const list = body.ele('ul');
  for (const line of aboutScenario(failure.scenario)) list.ele('li').txt(line);
  const answer = result.isReproduced ? 'reproduced' : 'not reproduced by this platter';
  body.ele('p').txt(`The violation is ${answer}.`);
  const table = body.ele('table');
  const titles = table.ele('thead').ele('tr');
  titles.ele('th').txt('time');
  for (let host = 0; host < hosts; host += 1) titles.ele('th').txt(`host ${host + 1}`);
  const rows = table.ele('tbody');
  for (const moment of moments) addRow(rows.ele('tr'), moment, hosts);
  return `<!doctype html>\n${page.toString({ prettyPrint: true, headless: true })}\n`;
}

type Element = ReturnType<ReturnType<typeof create>['ele']>;

function addRow(row: Element, { atMs, host, who, kind, text }: Moment, hosts: number): void {
  row.ele('td', { class: 'time' }).txt(`${(atMs / 1000).toFixed(3)} s`);
  if (host === undefined) {
    row.ele('td', { class: kind, colspan: String(hosts) }).txt(text);
    return;
  }
  for (let column = 0; column < hosts; column += 1) {
    if (column === host) row.ele('td', { class: kind }).txt(who === '' ? text : `${who}: ${text}`);
    else row.ele('td').txt(' ');
  }
}
