"""What a page is asked in the browser: each question answers with a list of what is wrong."""

from __future__ import annotations

from typing import Final

WCAG: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SMALL_TARGETS: Final = """least => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary')]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
  .filter(e => !e.closest('.hidden, .skip'))
  // Words in a sentence may be as small as the sentence (WCAG 2.5.8, inline).
  .filter(e => !(e.tagName === 'A' && getComputedStyle(e).display === 'inline'))
  .map(e => {
    // A box with its label is one thing to press.
    const parts = [e, ...(e.labels || [])].map(p => p.getBoundingClientRect());
    const width = Math.max(...parts.map(p => p.width));
    const height = Math.max(...parts.map(p => p.height));
    return {what: e.outerHTML.slice(0, 120), width, height};
  })
  .filter(e => e.width < least - 0.5 || e.height < least - 0.5)"""
MAIN_ACTIONS: Final = """() => [...document.querySelectorAll(
    '.send, button.primary, .button.primary')]
  .filter(e => e.checkVisibility())
  .map(e => ({what: e.innerText, height: e.getBoundingClientRect().height}))
  .filter(e => e.height < 43.5)"""
TOO_WIDE: Final = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  return [...document.querySelectorAll('body *')]
    .filter(e => {
      const box = e.getBoundingClientRect();
      return box.right > root.clientWidth + 1 || box.left < -1;
    })
    .filter(e => !e.closest('.scroller, pre, .chart'))
    .map(e => e.outerHTML.slice(0, 120)).slice(0, 5)
    .concat([`page ${root.scrollWidth} > ${root.clientWidth}`]);
}"""
# Each control is brought into the window, and has to be what is found at its middle.
COVERED: Final = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary')]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
  .filter(e => !e.closest('.hidden, .skip'))
  .filter(e => {
    e.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
    const box = e.getClientRects()[0];
    if (!box) return true;
    const found = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    // What draws its own box over a field is one thing with it.
    const labels = [...(e.labels || []), e.closest('altcha-widget')].filter(Boolean);
    return !(found && (e.contains(found) || found.contains(e)
      || labels.some(label => label.contains(found))));
  })
  .map(e => e.outerHTML.slice(0, 120))"""
STICKY: Final = """() => [...document.querySelectorAll('body *')]
  .filter(e => {
    const style = getComputedStyle(e);
    const stays = style.position === 'fixed'
      || (style.position === 'sticky' && (style.top !== 'auto' || style.bottom !== 'auto'));
    return stays && e.checkVisibility() && !e.closest('.skip');
  })
  .filter(e => e.getBoundingClientRect().height > innerHeight * 0.2)
  .map(e => e.outerHTML.slice(0, 120))"""
# A sheet that a script makes is none of those that the policy of our pages forbids.
ADD_STYLE: Final = """css => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""
TWICE_AS_LARGE: Final = ":root { font-size: 200% !important }"
# WCAG 1.4.12.
SPACED: Final = """* {
  line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important;
}
p { margin-block-end: 2em !important }"""
CLIPPED: Final = """() => [...document.querySelectorAll('body *')]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
  .filter(e => !e.closest('.hidden, .skip, svg, option, .scroller, pre'))
  .filter(e => (e.innerText || '').trim())
  .filter(e => {
    const style = getComputedStyle(e);
    const cuts = value => value === 'hidden' || value === 'clip';
    return (cuts(style.overflowX) && e.scrollWidth > e.clientWidth + 1)
      || (cuts(style.overflowY) && e.scrollHeight > e.clientHeight + 1)
      || (e.tagName === 'BUTTON' && (e.scrollWidth > e.clientWidth + 1
        || e.scrollHeight > e.clientHeight + 1));
  })
  .map(e => e.outerHTML.slice(0, 120))"""
MOVING: Final = """() => [
  ...document.getAnimations().map(a => String(a.effect && a.effect.target.outerHTML).slice(0, 120)),
  ...[...document.querySelectorAll('*')].filter(e => {
    const style = getComputedStyle(e);
    return [style.transitionDuration, style.animationDuration].some(
      all => all.split(',').some(one => parseFloat(one) > 0.01));
  }).map(e => e.outerHTML.slice(0, 120)),
]"""
ROLES: Final = """() => {
  const wrong = [];
  const say = (what, e) => wrong.push(`${what}: ${e ? e.outerHTML.slice(0, 120) : ''}`);
  const named = e => (e.getAttribute('aria-label') || '').trim()
    || (e.getAttribute('aria-labelledby') || '').split(/\\s+/).filter(Boolean).some(
      id => document.getElementById(id) && document.getElementById(id).textContent.trim());
  if (document.querySelectorAll('main').length !== 1) say('not one main');
  for (const kind of ['nav', 'aside']) {
    const all = [...document.querySelectorAll(kind)].filter(e => e.checkVisibility());
    if (all.length > 1) all.filter(e => !named(e)).forEach(e => say('landmark without a name', e));
  }
  const fields = 'input:not([type=hidden], [type=submit], [hidden]), select, textarea';
  for (const e of document.querySelectorAll(fields)) {
    const label = [...(e.labels || [])].some(one => one.innerText.trim() || one.textContent.trim());
    if (!label && !named(e)) say('field without a label', e);
  }
  for (const e of document.querySelectorAll('button, a[href], summary')) {
    if (!e.textContent.trim() && !named(e) && e.checkVisibility()) say('nothing to say', e);
  }
  for (const e of document.querySelectorAll('[aria-invalid=true]')) {
    const ids = [e, e.closest('fieldset')].filter(Boolean).flatMap(
      one => (one.getAttribute('aria-describedby') || '').split(/\\s+/)).filter(Boolean);
    const said = id => (document.getElementById(id) || {innerText: ''}).innerText.trim();
    if (!ids.some(said))
      say('an error that is not tied to its field', e);
  }
  for (const e of document.querySelectorAll('fieldset')) {
    if (!(e.querySelector('legend') || {textContent: ''}).textContent.trim() && !named(e))
      say('a group without a name', e);
  }
  return wrong;
}"""
PICTURES: Final = """() => [
  ...[...document.images].filter(e => !e.hasAttribute('alt')),
  ...[...document.querySelectorAll('svg')].filter(e => {
    const hidden = e.closest('[aria-hidden=true]');
    const name = e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')
      || (e.querySelector('title') || {textContent: ''}).textContent;
    return !hidden && !(e.getAttribute('role') === 'img' && name.trim());
  }),
].map(e => e.outerHTML.slice(0, 160))"""
LANGUAGES: Final = """() => {
  const wrong = [];
  const say = (what, e) => wrong.push(`${what}: ${e.outerHTML.slice(0, 160)}`);
  const direction = tag => new Intl.Locale(tag).maximize().getTextInfo
    ? new Intl.Locale(tag).maximize().getTextInfo().direction
    : new Intl.Locale(tag).maximize().textInfo.direction;
  for (const e of document.querySelectorAll('[lang], [hreflang]')) {
    for (const name of ['lang', 'hreflang']) {
      const tag = e.getAttribute(name);
      if (tag === null || tag === 'x-default') continue;
      try {
        if (Intl.getCanonicalLocales(tag)[0] !== tag) say('not canonical', e);
      } catch { say('no language', e); }
    }
  }
  for (const e of document.querySelectorAll('[lang]')) {
    if (e.closest('head, svg, [hidden]')) continue;
    const own = e.getAttribute('dir');
    // What somebody typed is as its first letter says; what stands in a line keeps its line's.
    if (own === 'auto' || (e.tagName === 'OPTION')) continue;
    const wanted = direction(e.getAttribute('lang'));
    if (own !== null ? own !== wanted : getComputedStyle(e).direction !== wanted) say(
      `not ${wanted}`, e);
  }
  const typed = 'textarea, input:not([type]), input[type=text], input[type=search]';
  for (const e of document.querySelectorAll(typed)) {
    if (!e.closest('.hidden, [aria-hidden=true], [hidden]') && !e.readOnly
        && !['auto', 'ltr'].includes(e.getAttribute('dir') || '')) {
      if (e.getAttribute('lang') === null) say('typed text without a direction of its own', e);
    }
  }
  return wrong;
}"""
# What is another on another day, or as long as the world has countries.
WITHOUT_DAYS: Final = """() => {
  for (const e of document.querySelectorAll('select')) {
    const [chosen] = e.selectedOptions;
    e.replaceChildren(...(chosen ? [chosen] : []));
  }
  for (const e of document.querySelectorAll('time')) e.textContent = '(time)';
  for (const e of document.querySelectorAll('[role=timer]')) e.textContent = '(left)';
  for (const e of document.querySelectorAll('.sheet .date')) e.textContent = '(day)';
}"""
WITHOUT_LETTER: Final = """() => {
  for (const e of document.querySelectorAll('.sheet p, .sheet li, dd q'))
    e.textContent = '(letter)';
}"""
# Where blocks begin, from the side from which their page is read. What stands in a row behind words
# begins where the words end, which are not as long in another language.
EDGES: Final = """width => [...document.querySelectorAll(
    'header, main, main form, main h1, main fieldset, main textarea, main select,'
    + 'main input:not([type=checkbox]):not([type=radio]), .sheet, footer')]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
  .filter(e => !e.closest('.hidden, .skip, .scroller, [lang]:not(html), [dir=auto]:not(input)'))
  .filter(e => !['flex', 'inline-flex'].includes(getComputedStyle(e.parentElement).display)
    || getComputedStyle(e.parentElement).flexDirection === 'column')
  .map(e => {
    const box = e.getBoundingClientRect();
    const right = getComputedStyle(document.documentElement).direction === 'rtl';
    const name = e.getAttribute('id') || e.getAttribute('name') || e.className;
    return [`${e.tagName} ${name}`, right ? width - box.right : box.left];
  })"""
