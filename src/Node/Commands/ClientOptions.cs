using System.CommandLine;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Node.Commands;

/// <summary>
/// How a command finds its node and its key: options, else a profile file (<c>--profile</c> or GOVCHAIN_PROFILE), a small
/// JSON file that a department hands its clerks: <c>{"node":…,"ca":…,"key":…,"passphraseFile":…,"department":…,"certificate":…}</c>,
/// paths relative to it.
/// </summary>
internal sealed class ClientOptions
{
    private readonly Option<FileInfo?> _profile = new("--profile")
    {
        Description = "File that names node, CA, key and passphrase file (default: $GOVCHAIN_PROFILE)",
        HelpName = "FILE",
    };

    private readonly Option<string?> _node = new("--node")
    {
        Description = "The node's address, https://HOST:PORT",
        HelpName = "URL",
    };

    private readonly Option<string?> _ca = new("--ca")
    {
        Description = "PEM file of the authority that signed the node's certificate (default: the system's)",
        HelpName = "FILE",
    };

    private readonly Option<string?> _key = new("--key") { Description = "The officer's key: a file, or pkcs11:...", HelpName = "KEY" };

    private readonly Option<string?> _passphraseFile = KeyOptions.PassphraseFile();

    private readonly Option<string?> _nodeOf = new("--node-of")
    {
        Description = "The department whose node it is: what is not public is read with the key, and the token counts at that node only",
        HelpName = "DEPARTMENT",
    };

    private readonly Option<string?> _certificate = new("--certificate")
    {
        Description = "A system's certificate and its key in PEM (key certificate), by which it reads what is not public without an officer's key",
        HelpName = "FILE",
    };

    /// <summary>Adds the options that find a node.</summary>
    public ClientOptions AddNode(Command command)
    {
        command.Options.Add(_profile);
        command.Options.Add(_node);
        command.Options.Add(_ca);
        return this;
    }

    /// <summary>Adds the options that find a key.</summary>
    public ClientOptions AddSigner(Command command)
    {
        command.Options.Add(_key);
        command.Options.Add(_passphraseFile);
        return this;
    }

    /// <summary>Adds the options that find a key, and of what is read by it.</summary>
    public ClientOptions AddKey(Command command)
    {
        AddSigner(command);
        command.Options.Add(_nodeOf);
        return this;
    }

    /// <summary>Adds the options of who reads: a key's, or a certificate.</summary>
    public ClientOptions AddReader(Command command)
    {
        AddKey(command);
        command.Options.Add(_certificate);
        return this;
    }

    /// <summary>The node, or null where neither option nor profile names one.</summary>
    public string? NodeOf(ParseResult result) => result.GetValue(_node) ?? ReadProfile(result)?.Node;

    /// <summary>A connection to the node that was named.</summary>
    public LedgerClient Connect(ParseResult result)
    {
        Profile? profile = ReadProfile(result);
        string node = result.GetValue(_node) ?? profile?.Node
            ?? throw new CommandException(ExitCode.Usage, "No node is named. Use --node https://HOST:PORT, or --profile FILE; $GOVCHAIN_PROFILE names a profile for all commands.");
        if (!Uri.TryCreate(node, UriKind.Absolute, out Uri? uri))
            throw new CommandException(ExitCode.Usage, $"{node} is no node address: https://HOST:PORT is one.");
        string? certificate = CertificateOf(result);
        return LedgerClient.Connect(uri, result.GetValue(_ca) ?? profile?.Ca, certificate is null ? null : ReaderCertificate.Load(certificate));
    }

    /// <summary>The officer's key, opened; whoever asks disposes it.</summary>
    public ISigner OpenKey(ParseResult result)
    {
        Profile? profile = ReadProfile(result);
        string key = result.GetValue(_key) ?? profile?.Key
            ?? throw new CommandException(ExitCode.Usage, "No key is named. Use --key KEY, or --profile FILE; $GOVCHAIN_PROFILE names a profile for all commands.");
        return KeyOptions.Open(key, result.GetValue(_passphraseFile) ?? profile?.PassphraseFile);
    }

    /// <summary>What signs for this officer on the node's ledger, as long as the client is not disposed.</summary>
    public async Task<TransactionFactory> OpenFactoryAsync(
        ParseResult result, LedgerClient client, CancellationToken cancellation)
    {
        Digest chainId = await AskChainAsync(client, cancellation);
        ISigner signer = OpenKey(result);
        client.Owned = signer;
        if (DepartmentOf(result) is { } department)
            client.Reader = new ReadTokenFactory(chainId, department, signer);
        return new TransactionFactory(chainId, signer);
    }

    /// <summary>The ledger that a node says it has.</summary>
    public static async Task<Digest> AskChainAsync(LedgerClient client, CancellationToken cancellation) =>
        Digest.TryParseHex((await client.GetGenesisAsync(cancellation)).ChainId, out Digest id)
            ? id : throw new CommandException(ExitCode.Unavailable, $"The node at {client.Node} gave no chain id.");

    /// <summary>Has the client read as the officer, where records of the type are not public, key and department are named, and no certificate
    /// is shown. The key of who reads what anybody may is not opened.</summary>
    /// <exception cref="CommandException">The department is named without a key, or its name is none.</exception>
    public async Task SignReadsAsync(ParseResult result, LedgerClient client, string type, CancellationToken cancellation)
    {
        if (client.Reader is null && CertificateOf(result) is null && DepartmentOf(result) is not null && await client.FindTypeAsync(type, cancellation) is { PublicRead: false })
            await OpenFactoryAsync(result, client, cancellation);
    }

    /// <summary>
    /// Whose node it is, where option or profile says so. A profile speaks of its own node: another one that is named beside it would be
    /// handed tokens that count at the profile's.
    /// </summary>
    private string? DepartmentOf(ParseResult result)
    {
        Profile? profile = ReadProfile(result);
        string? department = result.GetValue(_nodeOf) ?? (profile is not null && NodeOf(result) == profile.Node ? profile.Department : null);
        return department is null || Identifiers.IsDepartment(department)
            ? department
            : throw new CommandException(ExitCode.Usage, $"{department} is no department's id: a-z, 0-9 and -, beginning with a letter.");
    }

    private string? CertificateOf(ParseResult result) => result.GetValue(_certificate) ?? ReadProfile(result)?.Certificate;

    private Profile? ReadProfile(ParseResult result)
    {
        string? path = result.GetValue(_profile)?.FullName ?? Environment.GetEnvironmentVariable("GOVCHAIN_PROFILE");
        return string.IsNullOrEmpty(path) ? null : Profile.Read(path);
    }
}
