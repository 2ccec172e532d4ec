using System.Text;

namespace GovChain.Core.Execution;

/// <summary>Reads a file that has exactly one form along that form; after the first deviation everything else is passed over.</summary>
internal ref struct ExactReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    /// <summary>The first byte that is not as it must be, and what must be there; null if there is none so far.</summary>
    public (int Offset, string Expected)? Deviation { get; private set; }

    public readonly bool AtEnd => _at == _bytes.Length;

    public readonly bool Next(char c) => _at < _bytes.Length && _bytes[_at] == c;

    /// <summary>Passes a text in ASCII.</summary>
    public void Expect(string text)
    {
        if (Deviation is not null)
            return;
        foreach (char c in text)
        {
            if (!Next(c))
            {
                Require(false, $"\"{text.Replace("\n", "\\n", StringComparison.Ordinal)}\"");
                return;
            }
            _at++;
        }
    }

    /// <summary>Up to the closing quotation mark, which is passed.</summary>
    public string Text()
    {
        int length = Deviation is null ? _bytes[_at..].IndexOf((byte)'"') : -1;
        Require(length >= 0, "a closing quotation mark");
        if (Deviation is not null)
            return "";
        string text = Encoding.ASCII.GetString(_bytes.Slice(_at, length));
        _at += length + 1;
        return text;
    }

    public void Require(bool valid, string expected)
    {
        if (!valid)
            Deviation ??= (_at, expected);
    }
}
