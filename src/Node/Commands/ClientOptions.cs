using System.CommandLine;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Node.Commands;

/// <summary>
/// How a command finds its node and its key: options, else a profile file (<c>--profile</c> or GOVCHAIN_PROFILE), a small
/// JSON file that a department hands its clerks: <c>{"node":…,"ca":…,"key":…,"passphraseFile":…,"department":…}</c>,
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

    /// <summary>Adds the options that find a node.</summary>
    public ClientOptions AddNode(Command command)
    {
        command.Options.Add(_profile);
        command.Options.Add(_node);
        command.Options.Add(_ca);
        return this;
    }

    /// <summary>Adds the options that find a key.</summary>
    public ClientOptions AddKey(Command command)
    {
        command.Options.Add(_key);
        command.Options.Add(_passphraseFile);
        command.Options.Add(_nodeOf);
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
        return LedgerClient.Connect(uri, result.GetValue(_ca) ?? profile?.Ca);
    }

    /// <summary>The officer's key, opened.</summary>
    public ISigner OpenKey(ParseResult result)
    {
        Profile? profile = ReadProfile(result);
        string key = result.GetValue(_key) ?? profile?.Key
            ?? throw new CommandException(ExitCode.Usage, "No key is named. Use --key KEY, or --profile FILE; $GOVCHAIN_PROFILE names a profile for all commands.");
        return KeyOptions.Open(key, result.GetValue(_passphraseFile) ?? profile?.PassphraseFile);
    }

    /// <summary>What signs for this officer on the node's ledger.</summary>
    public async Task<TransactionFactory> OpenFactoryAsync(
        ParseResult result, LedgerClient client, CancellationToken cancellation)
    {
        string chainId = (await client.GetGenesisAsync(cancellation)).ChainId;
        if (!Digest.TryParseHex(chainId, out Digest id))
            throw new CommandException(ExitCode.Unavailable, $"The node at {client.Node} gave no chain id.");
        ISigner signer = OpenKey(result);
        if (DepartmentOf(result) is { } department)
            client.Reader = new ReadTokenFactory(id, department, signer);
        return new TransactionFactory(id, signer);
    }

    /// <summary>Has the client read as the officer, where records of the type are not public and key and department are named. The key of
    /// who reads what anybody may is not opened.</summary>
    /// <exception cref="CommandException">The department is named without a key, or its name is none.</exception>
    public async Task SignReadsAsync(ParseResult result, LedgerClient client, string type, CancellationToken cancellation)
    {
        if (client.Reader is null && DepartmentOf(result) is not null && await client.FindTypeAsync(type, cancellation) is { PublicRead: false })
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

    private Profile? ReadProfile(ParseResult result)
    {
        string? path = result.GetValue(_profile)?.FullName ?? Environment.GetEnvironmentVariable("GOVCHAIN_PROFILE");
        return string.IsNullOrEmpty(path) ? null : Profile.Read(path);
    }
}
