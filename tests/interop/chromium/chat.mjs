// SPDX-License-Identifier: MIT
// Two pages of a browser chat with each other: chat.mjs URL FOLDER. The exit status says whether each
// showed what the other said. Pictures of them, light and dark, are put into FOLDER.
import assert from 'node:assert/strict';
import puppeteer from 'puppeteer-core';

const [url, folder] = process.argv.slice(2);
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // Root's browser has no sandbox; it opens our own page only.
  args: process.getuid() === 0 ? ['--no-sandbox'] : [],
});
const complaints = [];

async function member(name, scheme) {
  const page = await browser.newPage();
  page.on('pageerror', (error) => complaints.push(`${name}: ${error.message}`));
  page.on('console', (line) => complaints.push(`${name}: ${line.text()}`));
  await page.setViewport({ width: 900, height: 640 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await page.goto(url);
  await say(page, name);
  await shows(page, `${name} is here`);
  return page;
}

async function say(page, text) {
  await page.type('#text', text);
  await page.keyboard.press('Enter');
}

const shows = (page, text) =>
  page.waitForFunction(
    (wanted) => [...document.querySelectorAll('#log span')].some((each) => each.textContent === wanted),
    // By time: a page in the background draws no frames.
    { timeout: 10_000, polling: 50 },
    text,
  );

try {
  const ada = await member('Ada', 'light');
  const bob = await member('Bob', 'dark');
  await shows(ada, 'Bob is here');
  const lines = [
    [ada, 'Hello Bob! Does it weave?'],
    [bob, 'One fiber for each of us, and one that writes.'],
    [ada, 'κόσμε, and <b onclick="alert(1)">no markup</b>'],
    [bob, 'A rather long line, to see where it breaks: '.repeat(6)],
  ];
  for (const [from, text] of lines) {
    await say(from, text);
    for (const page of [ada, bob]) await shows(page, text.trim());
  }
  const members = await bob.$eval('#members', (each) => each.textContent);
  assert.equal(members, 'Ada, Bob');
  assert.equal(await ada.$$eval('#log b[onclick]', (found) => found.length), 0);
  await ada.screenshot({ path: `${folder}/light.png` });
  await bob.screenshot({ path: `${folder}/dark.png` });
  await ada.close();
  await shows(bob, 'Ada has left');
  assert.deepEqual(complaints, []);
  console.log('chromium: both pages showed what was said');
} finally {
  await browser.close();
}
