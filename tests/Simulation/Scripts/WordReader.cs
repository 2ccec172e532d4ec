using System.Globalization;

namespace GovChain.Tests.Simulation;

/// <summary>Reads the words of a line one after the other.</summary>
internal sealed class WordReader(TranscriptLine line)
{
    private int _at;

    public bool AtEnd => _at == line.Words.Length;

    /// <summary>The next word, or null at the end.</summary>
    public string? Peek => AtEnd ? null : line.Words[_at];

    public string Next() => AtEnd ? throw new TranscriptException("a word is missing") : line.Words[_at++];

    /// <summary>Takes the word if it is the next one.</summary>
    public bool Take(string word)
    {
        if (Peek != word)
            return false;
        _at++;
        return true;
    }

    /// <summary>Takes the words, which must come next.</summary>
    public void Expect(params ReadOnlySpan<string> words)
    {
        foreach (string word in words)
        {
            if (!Take(word))
                throw new TranscriptException($"'{word}' should come where '{Peek}' stands");
        }
    }

    public int Number()
    {
        string word = Next();
        return int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new TranscriptException($"'{word}' is no number");
    }

    /// <summary>Words with commas between them.</summary>
    public string[] List() => Next().Split(',', StringSplitOptions.RemoveEmptyEntries);

    public void End()
    {
        if (!AtEnd)
            throw new TranscriptException($"nothing is known of '{Peek}' here");
    }
}
