using System.Globalization;
using System.Text;

namespace GovChain.Node.Commands;

/// <summary>
/// Text that others wrote, made harmless for a terminal: a record, a reason or an error message may hold control
/// sequences that move the cursor, rename the window, or type for the person who looks; or marks that turn letters around.
/// </summary>
internal static class TerminalText
{
    /// <summary>The text with every such character spelt out, as <c>\u001b</c>.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="keepLines">Whether line feeds and tabs stay: false for a value that belongs on one line.</param>
    public static string Escape(string text, bool keepLines)
    {
        StringBuilder? escaped = null;
        int done = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (!IsHarmful(text, i) || (keepLines && c is '\n' or '\t'))
                continue;
            escaped ??= new StringBuilder(text.Length + 16);
            escaped.Append(text, done, i - done).Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            done = i + 1;
        }
        return escaped is null ? text : escaped.Append(text, done, text.Length - done).ToString();
    }

    // Cc: C0, DEL and C1. Cf: marks of direction, zero width and the like. Zl, Zp: line ends that are none in a file.
    private static bool IsHarmful(string text, int i) => char.GetUnicodeCategory(text[i]) switch
    {
        UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => true,
        UnicodeCategory.Format => text[i] is not ('\u200c' or '\u200d' or '\u00ad'), // joiners, which scripts and emoji need
        UnicodeCategory.Surrogate => !IsPaired(text, i),
        _ => false,
    };

    private static bool IsPaired(string text, int i) => char.IsHighSurrogate(text[i])
        ? i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])
        : i > 0 && char.IsHighSurrogate(text[i - 1]);
}
