using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Commands;
using GovChain.Node.Configuration;
using GovChain.Node.Signatures;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Devnet;

/// <summary>
/// Makes a development network's keys, genesis and configuration, as real departments would make theirs, or takes up the
/// one that stands in the directory.
/// </summary>
internal sealed class DevnetBuilder(DevnetLayout layout)
{
    /// <summary>The officer that a department's records are signed by.</summary>
    public const string Clerk = "clerk-1";

    /// <summary>The officer that a department's types and officers are signed by.</summary>
    public const string Administrator = "administrator-1";

    /// <summary>When the ledger is founded.</summary>
    public DateTimeOffset CreatedAt { get; init; } = DateTimeOffset.UtcNow;

    /// <summary>Changes the ledger's parameters from their defaults.</summary>
    public Action<Parameters>? Adjust { get; init; }

    /// <summary>What the nodes verify signatures with.</summary>
    public SignatureEngine Engine { get; init; }

    /// <summary>The network in the directory, made where there is none; with ports that are free now.</summary>
    /// <param name="count">How many departments; null: as many as there are, or 4.</param>
    /// <param name="founders">How many of them found the ledger, the others start as observers; null: all.</param>
    public IReadOnlyList<DevnetDepartment> Prepare(int? count, int? founders = null)
    {
        IReadOnlyList<DevnetDepartment>? existing = layout.Read();
        if (existing is not null && count is not null && count != existing.Count)
        {
            throw new CommandException(ExitCode.Usage,
                $"{layout.Directory} holds a network of {existing.Count} departments, not {count}. Leave out --departments, or use another --dir.");
        }
        // Before ports, profiles and logs are touched: they are the running network's.
        if (existing?.FirstOrDefault(IsRunning) is { } running)
        {
            throw new CommandException(ExitCode.Unavailable,
                $"The network in {layout.Directory} is running already: {running.Id}'s node uses its data. Use it as it is, stop it first, or use another --dir.");
        }
        IReadOnlyList<DevnetDepartment> departments = WithFreePorts(
            existing ?? [.. Enumerable.Range(0, count ?? 4).Select(i => new DevnetDepartment(DevnetLayout.NameOf(i), 0, 0, 0))]);
        if (existing is null)
            MakeKeysAndGenesis(departments, founders ?? departments.Count);
        foreach (DevnetDepartment department in departments)
            WriteConfiguration(department, departments);
        layout.Write(departments);
        return departments;
    }

    private bool IsRunning(DevnetDepartment department)
    {
        string data = layout.At(department.Id, "data");
        try
        {
            return Directory.Exists(data) && DirectoryRepair.IsInUse(data);
        }
        catch (StorageException)
        {
            return false; // what is wrong with it the node's start says
        }
    }

    private void MakeKeysAndGenesis(IReadOnlyList<DevnetDepartment> departments, int founders)
    {
        if (File.Exists(layout.GenesisFile) || (Directory.Exists(layout.Directory) && Directory.EnumerateFileSystemEntries(layout.Directory).Any()))
            throw new CommandException(ExitCode.Usage, $"{layout.Directory} is not empty and holds no network. Use another --dir.");
        var body = new GenesisBody
        {
            FormatVersion = Genesis.FormatVersion,
            ProtocolVersion = ProtocolVersions.Newest,
            NetworkName = "devnet",
            CreatedAtMs = (ulong)CreatedAt.ToUnixTimeMilliseconds(),
            Nonce = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(Limits.NonceBytes)),
            Parameters = LedgerParameters.CreateDefault(),
        };
        Adjust?.Invoke(body.Parameters);
        var validators = new List<ISigner>();
        try
        {
            foreach (DevnetDepartment department in departments.Take(founders).OrderBy(d => d.Id, StringComparer.Ordinal))
                validators.Add(MakeDepartment(department, body));
            foreach (DevnetDepartment observer in departments.Skip(founders))
                MakeDepartment(observer, new GenesisBody()).Dispose();
            var file = new GenesisFile(GenesisCommand.Build(body), []);
            foreach (ISigner validator in validators)
                file = GenesisCommand.AddSignature(file, validator);
            File.WriteAllBytes(layout.GenesisFile, file.ToBytes());
            LocalCertificateAuthority.OpenOrCreate(layout.AuthorityDirectory).Dispose();
        }
        finally
        {
            validators.ForEach(v => v.Dispose());
        }
    }

    private ISigner MakeDepartment(DevnetDepartment department, GenesisBody body)
    {
        Directory.CreateDirectory(layout.At(department.Id));
        string passphraseFile = layout.At(department.Id, "passphrase");
        using (FileStream passphrase = new(passphraseFile, PrivateFile()))
            passphrase.Write(System.Text.Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(32, lowercase: true) + "\n"));
        ISigner validator = KeyOptions.Create(layout.At(department.Id, "validator.pem"), passphraseFile);
        using ISigner administrator = KeyOptions.Create(layout.At(department.Id, $"{Administrator}.pem"), passphraseFile);
        using ISigner clerk = KeyOptions.Create(layout.At(department.Id, $"{Clerk}.pem"), passphraseFile);
        var entry = new GenesisDepartment
        {
            Id = department.Id,
            ValidatorKey = ByteString.CopyFrom(validator.PublicKey.Span),
            Endpoint = $"127.0.0.1:{department.PeerPort}",
        };
        entry.Names.Add(new LocalizedText { Language = "en", Text = department.Id });
        entry.Administrators.Add(new GenesisOfficer
        {
            OfficerId = Administrator,
            PublicKey = ByteString.CopyFrom(administrator.PublicKey.Span),
        });
        body.Departments.Add(entry);
        return validator;
    }

    private Core.Cryptography.PublicKey ValidatorKeyOf(DevnetDepartment department)
    {
        using ISigner signer = KeyOptions.Open(layout.At(department.Id, "validator.pem"), layout.At(department.Id, "passphrase"));
        return signer.PublicKey;
    }

    private static FileStreamOptions PrivateFile()
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return options;
    }

    private void WriteConfiguration(DevnetDepartment department, IReadOnlyList<DevnetDepartment> all)
    {
        GenesisFile genesis = GenesisCommand.Read(layout.GenesisFile);
        var endpoints = new JsonObject();
        var observers = new JsonObject();
        foreach (DevnetDepartment peer in all.Where(d => d != department))
        {
            endpoints[peer.Id] = $"127.0.0.1:{peer.PeerPort}";
            if (genesis.Genesis.Validators.IndexOf(peer.Id) < 0)
                observers[peer.Id] = $"{ValidatorKeyOf(peer)}@127.0.0.1:{peer.PeerPort}";
        }
        var peers = new JsonObject { ["listen"] = $"127.0.0.1:{department.PeerPort}", ["endpoints"] = endpoints };
        if (observers.Count > 0)
            peers["observers"] = observers;
        var node = new JsonObject
        {
            ["department"] = department.Id,
            ["dataDirectory"] = "data",
            ["genesisFile"] = "../genesis.json",
            ["keyFile"] = "validator.pem",
            ["passphraseFile"] = "passphrase",
            ["peers"] = peers,
            ["clients"] = new JsonObject { ["listen"] = $"127.0.0.1:{department.ClientPort}", ["authorityDirectory"] = "../ca" },
            ["administration"] = new JsonObject { ["listen"] = $"127.0.0.1:{department.AdministrationPort}" },
        };
        if (Engine != SignatureEngine.Auto)
            node[Settings.SignatureEngine.Name] = Engine.ToString();
        if (genesis.Genesis.Validators.IndexOf(department.Id) < 0)
            node["role"] = nameof(NodeRole.Observer);
        File.WriteAllText(layout.At(department.Id, "node.json"), node.ToJsonString(Profile.Json) + "\n");
        foreach (string officer in new[] { Clerk, Administrator })
        {
            var profile = new Profile($"https://localhost:{department.ClientPort}", "../ca/ca.pem", $"{officer}.pem", "passphrase", department.Id);
            File.WriteAllBytes(
                layout.At(department.Id, $"{officer}.json"), JsonSerializer.SerializeToUtf8Bytes(profile, Profile.Json));
        }
    }

    /// <summary>Keeps a port that is still free; asks the system for another where it is not.</summary>
    private static List<DevnetDepartment> WithFreePorts(IReadOnlyList<DevnetDepartment> departments)
    {
        var held = new List<TcpListener>();
        try
        {
            return [.. departments.Select(d => d with
            {
                PeerPort = Hold(d.PeerPort),
                ClientPort = Hold(d.ClientPort),
                AdministrationPort = Hold(d.AdministrationPort),
            })];
        }
        finally
        {
            held.ForEach(l => l.Stop());
        }

        int Hold(int wanted)
        {
            var listener = new TcpListener(IPAddress.Loopback, wanted);
            try
            {
                listener.Start();
            }
            catch (SocketException) when (wanted != 0)
            {
                return Hold(0);
            }
            held.Add(listener);
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
    }
}
