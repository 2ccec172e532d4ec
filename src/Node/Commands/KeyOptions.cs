using System.CommandLine;
using GovChain.Client.Keys;

namespace GovChain.Node.Commands;

/// <summary>How commands make and open key files. A passphrase never stands on a command line.</summary>
internal static class KeyOptions
{
    /// <summary>The option that names a file with the passphrase.</summary>
    public static Option<string?> PassphraseFile() => new("--passphrase-file")
    {
        Description = "File with the key's passphrase (default: $GOVCHAIN_PASSPHRASE, else asked for)",
        HelpName = "FILE",
    };

    /// <summary>Opens a key file.</summary>
    public static PlatformSigner Open(string path, string? passphraseFile)
    {
        using Passphrase passphrase = Passphrase.Resolve(passphraseFile, creating: false);
        return KeyFile.Open(path, passphrase);
    }

    /// <summary>Makes a key file that is not there yet.</summary>
    public static PlatformSigner Create(string path, string? passphraseFile)
    {
        using Passphrase passphrase = Passphrase.Resolve(passphraseFile, creating: true);
        PlatformSigner signer = PlatformSigner.Create();
        try
        {
            KeyFile.Create(path, signer, passphrase);
            return signer;
        }
        catch
        {
            signer.Dispose();
            throw;
        }
    }
}
