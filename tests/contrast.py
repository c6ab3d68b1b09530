"""What a browser says of text that does not stand out."""

FAINT = """() => {
    const parse = colour => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const light = rgb => rgb.slice(0, 3).map(c => c / 255)
        .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = e => {
        if (!e) return [255, 255, 255];
        const [r, g, b, a = 1] = parse(getComputedStyle(e).backgroundColor);
        if (r === undefined || a === 0) return ground(e.parentElement);
        return a === 1 ? [r, g, b] : ground(e.parentElement).map((c, i) => a * [r, g, b][i] + (1 - a) * c);
    };
    return [...document.querySelectorAll("body *")].filter(e => e.checkVisibility({visibilityProperty: true}))
        .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && e.offsetWidth > 1)
        .filter(e => !e.closest("[disabled]"))
        .map(e => {
            const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
            return [Math.round(100 * (a + 0.05) / (b + 0.05)) / 100, e.innerText.slice(0, 40)];
        }).filter(([ratio]) => ratio < 4.5);
}"""
"""JavaScript: the visible texts whose contrast is below WCAG's 4.5, each with its contrast."""
