// Return lines of text that are outside of their card or the page, and names broken inside a word.
const found = [];
for (const card of document.querySelectorAll("article, .below > section, h1, main > p")) {
  const around = card.getBoundingClientRect();
  const walker = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    if (!node.data.trim() || !node.parentElement.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const one of [...range.getClientRects()].filter(rect => rect.width >= 1)) {
      if (one.left < around.left - 1 || one.right > Math.min(around.right + 1, innerWidth) ||
          one.bottom > around.bottom + 1) {
        found.push(["outside", node.data.slice(0, 60)]);
      }
    }
  }
}
for (const name of document.querySelectorAll("summary > b")) {
  const lines = name.getClientRects().length;
  if (lines > name.textContent.split(" ").length) found.push(["broken", name.textContent]);
}
if (document.documentElement.scrollWidth > innerWidth) found.push(["wider than the window"]);
return found;
