using System.CommandLine;
using GovChain.Client.Keys;
using GovChain.Client.Keys.Tokens;

namespace GovChain.Node.Commands;

/// <summary>
/// How commands make and open keys: files, and keys in tokens, which a PKCS#11 URI names. A passphrase or PIN never stands on a
/// command line.
/// </summary>
internal static class KeyOptions
{
    /// <summary>The option that names a file with the passphrase or PIN.</summary>
    public static Option<string?> PassphraseFile() => new("--passphrase-file")
    {
        Description = "File with the key's passphrase or its token's PIN (default: $GOVCHAIN_PASSPHRASE, else asked for)",
        HelpName = "FILE",
    };

    /// <summary>Opens a key.</summary>
    /// <exception cref="KeyFileException">The file, its passphrase or the source of the PIN cannot be used.</exception>
    /// <exception cref="TokenException">The URI, the token or the key in it cannot be used.</exception>
    public static ISigner Open(string key, string? passphraseFile)
    {
        if (TokenUri.IsUri(key))
        {
            TokenUri uri = TokenUri.Parse(key);
            using Passphrase pin = ReadPin(uri, passphraseFile);
            return Pkcs11Signer.Open(uri, pin);
        }
        using Passphrase passphrase = Passphrase.Resolve(passphraseFile, creating: false);
        return KeyFile.Open(key, passphrase);
    }

    /// <summary>Makes a key that is not there yet.</summary>
    /// <exception cref="KeyFileException">As for <see cref="Open"/>, and where a file is there already.</exception>
    /// <exception cref="TokenException">As for <see cref="Open"/>, and where a key is there already.</exception>
    public static ISigner Create(string key, string? passphraseFile)
    {
        if (TokenUri.IsUri(key))
        {
            TokenUri uri = TokenUri.Parse(key);
            using Passphrase pin = ReadPin(uri, passphraseFile);
            return Pkcs11Signer.Create(uri, pin);
        }
        using Passphrase passphrase = Passphrase.Resolve(passphraseFile, creating: true);
        PlatformSigner signer = PlatformSigner.Create();
        try
        {
            KeyFile.Create(key, signer, passphrase);
            return signer;
        }
        catch
        {
            signer.Dispose();
            throw;
        }
    }

    /// <summary>Whether somebody would be asked for the key's passphrase or PIN.</summary>
    public static bool Asks(string key, string? passphraseFile) =>
        passphraseFile is null && Environment.GetEnvironmentVariable(Passphrase.EnvironmentVariable) is null
        && !(TokenUri.IsUri(key) && TokenUri.Parse(key).PinSource is not null);

    private static Passphrase ReadPin(TokenUri uri, string? passphraseFile) => uri.PinSource is not null && passphraseFile is not null
        ? throw new TokenException(TokenError.TokenUriInvalid,
            "The PIN has two sources: pin-source of the URI, and a passphrase file (--passphrase-file, or passphraseFile of a configuration or "
            + "profile). Leave one of them out.")
        : Passphrase.ResolvePin(passphraseFile ?? uri.PinSource, uri.TokenName);
}
