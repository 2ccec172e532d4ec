namespace GovChain.Tests.Simulation;

/// <summary>A line of a transcript, as words.</summary>
internal readonly record struct TranscriptLine(int Number, string Text, string[] Words);

/// <summary>
/// A scenario written down for people to read (Transcripts/README.md): what it is about, whose failure it was, which
/// section of docs/PROTOCOL.md it holds, and what is done and expected, line by line.
/// </summary>
internal sealed record Transcript(
    string Name, string Title, string Source, string Protocol, IReadOnlyList<TranscriptLine> Lines)
{
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Transcripts");

    /// <summary>The names of all transcripts.</summary>
    public static IEnumerable<string> Names() => Directory.GetFiles(Folder, "*.txt")
        .Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal);

    /// <summary>Reads one by its name.</summary>
    public static Transcript Read(string name) => Parse(name, File.ReadAllLines(Path.Combine(Folder, $"{name}.txt")));

    /// <summary>The headings of docs/PROTOCOL.md.</summary>
    public static IReadOnlyList<string> ProtocolSections() => [.. File.ReadLines(Path.Combine(Folder, "PROTOCOL.md"))
        .Where(l => l.StartsWith("## ", StringComparison.Ordinal)).Select(l => l[3..])];

    /// <exception cref="FormatException">A part of the head is missing, or nothing is expected.</exception>
    public static Transcript Parse(string name, IReadOnlyList<string> text)
    {
        var head = new Dictionary<string, string>();
        var lines = new List<TranscriptLine>();
        for (int i = 0; i < text.Count; i++)
        {
            string line = text[i].Trim();
            int colon = line.IndexOf(':');
            if (line.Length == 0 || line[0] == '#')
                continue;
            if (lines.Count == 0 && colon > 0 && line[..colon] is "title" or "source" or "protocol")
                head[line[..colon]] = line[(colon + 1)..].Trim();
            else
                lines.Add(new TranscriptLine(i + 1, line, line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        }
        string Head(string key) => head.TryGetValue(key, out string? value) && value.Length > 0
            ? value
            : throw new FormatException($"{name}: the head has no '{key}:'.");
        if (!lines.Exists(l => l.Words[0] == "expect"))
            throw new FormatException($"{name}: nothing is expected.");
        return new Transcript(name, Head("title"), Head("source"), Head("protocol"), lines);
    }
}

/// <summary>A transcript does not do what it says, or does not say it in words that are known.</summary>
internal sealed class TranscriptException(string what) : Exception(what);
