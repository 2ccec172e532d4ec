using GovChain.Core.Cryptography;

namespace GovChain.Node.Configuration;

/// <summary>What a node is started as.</summary>
internal enum NodeRole
{
    /// <summary>A department that the ledger names, with its key.</summary>
    Validator,

    /// <summary>A node that may be unknown to the ledger: it follows and serves.</summary>
    Observer,
}

/// <summary>A node without a vote, as an operator names it.</summary>
/// <param name="Key">The key that it shows.</param>
/// <param name="Endpoint">host:port of its peer listener.</param>
internal sealed record ObserverAddress(PublicKey Key, string Endpoint)
{
    /// <summary>Reads KEY@HOST:PORT; null for anything else. The endpoint is not looked at.</summary>
    public static ObserverAddress? TryParse(string text)
    {
        int at = text.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && PublicKey.TryParseHex(text[..at], out PublicKey? key)
            ? new ObserverAddress(key, text[(at + 1)..])
            : null;
    }
}
