using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Keys in a PKCS#11 token, used by real processes: a department's node votes with one, an officer signs with one, and whatever is
/// wrong with a token ends in one line, an exit code and a reason.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class TokenKeyTest : IDisposable
{
    private const string Type = "licence";
    private const string Validators = "validators", Officers = "officers";

    /// <summary>The department whose node votes with a key in a token, and the one whose absence makes its vote needed.</summary>
    private const int WithToken = 2, Away = 3;

    private readonly SoftHsm _hsm = SoftHsm.Require();

    public void Dispose() => _hsm.Dispose();

    [Test]
    [CancelAfter(300_000)]
    [Category(TestGroup.Operating)]
    public async Task Network_OneOfFourValidatorKeysInAToken_DecidesWithItsVote_WhatAnOfficerSignedInAToken(CancellationToken cancellation)
    {
        _hsm.WithToken(Validators).WithToken(Officers);
        await using TestNetwork network = await TestNetwork.StartAsync(
            cancellation, PutKeyIntoTokenAsync,
            environment: d => d.Id == DevnetLayout.NameOf(WithToken)
                ? new Dictionary<string, string> { [SoftHsm.Variable] = _hsm.ConfigurationFile } : new Dictionary<string, string>());
        await network.DefineTypeAsync(0, Type, cancellation);

        // Three of four decide: with one away, nothing without the token's signature.
        await network.Network.Processes[Away].StopAsync(TimeSpan.FromSeconds(30));
        DevnetDepartment own = network.Network.Departments[0];
        string clerk = _hsm.UriOf(Officers, "clerk-9");
        ProgramRun made = await GovchainAsync("key", "new", clerk, "--passphrase-file", _hsm.PinFile, "--json");
        Assert.That(made.ExitCode, Is.Zero, made.Error);
        Assert.That(made.Json.GetProperty("extractable").GetBoolean(), Is.False);
        ProgramRun enrolled = await GovchainAsync("officer", "enrol", "clerk-9", "--public-key", made.Json.GetProperty("publicKey").GetString()!,
            "--role", "clerk", "--profile", network.Layout.At(own.Id, $"{DevnetBuilder.Administrator}.json"));
        Assert.That(enrolled.ExitCode, Is.Zero, enrolled.Error);
        string profile = network.Layout.At(own.Id, "clerk-9.json");
        await File.WriteAllTextAsync(profile, new JsonObject
        {
            ["node"] = $"https://localhost:{own.ClientPort}",
            ["ca"] = network.Layout.AuthorityCertificate,
            ["key"] = made.Json.GetProperty("uri").GetString() + $"&pin-source=file:{_hsm.PinFile}",
        }.ToJsonString(), cancellation);
        ProgramRun registered = await GovchainAsync("record", "register", Type, "L-1", "--content", "{}", "--profile", profile, "--json");
        Assert.That(registered.ExitCode, Is.Zero, registered.Error);

        network.Network.Launch(Away);
        await network.Network.WaitUntilReadyAsync(Away, cancellation);
        using LedgerClient client = network.Network.ConnectClient(Away);
        while (await client.FindRecordAsync(Type, "L-1", cancellation: cancellation) is null)
            await Task.Delay(50, cancellation);
        await network.AuditAllAsync(cancellation);
        Assert.That(File.ReadAllText(network.Layout.At(DevnetLayout.NameOf(WithToken), "node.log")), Does.Not.Contain(SoftHsm.Pin));
        Assert.That(File.Exists(network.Layout.At(DevnetLayout.NameOf(WithToken), "validator.pem")), Is.False, "no other key is there to vote with");
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Commands_WithAnythingWrongAboutAToken_EndInOneLineWithReasonAndCode(CancellationToken cancellation)
    {
        _hsm.WithToken(Officers);
        string key = _hsm.UriOf(Officers, "clerk-9");
        string wrong = _hsm.WritePin("wrong", "0000");
        string open = _hsm.WritePin("open", SoftHsm.Pin, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        foreach ((int code, string reason, string[] arguments) in new (int, string, string[])[]
        {
            (ExitCode.Keys, "TOKEN_KEY_MISSING", ["show", key, "--passphrase-file", _hsm.PinFile]),
            (ExitCode.Ok, "", ["new", key, "--passphrase-file", _hsm.PinFile]),
            (ExitCode.Ok, "", ["show", key + $"&pin-source=file:{_hsm.PinFile}"]),
            (ExitCode.Keys, "TOKEN_KEY_EXISTS", ["new", key, "--passphrase-file", _hsm.PinFile]),
            (ExitCode.Keys, "TOKEN_PIN_WRONG", ["show", key, "--passphrase-file", wrong]),
            (ExitCode.Keys, "PERMISSIONS_TOO_OPEN", ["show", key + $"&pin-source=file:{open}"]),
            (ExitCode.Keys, "PASSPHRASE_MISSING", ["show", key]),
            (ExitCode.Unavailable, "TOKEN_MISSING", ["show", _hsm.UriOf("nowhere", "clerk-9"), "--passphrase-file", _hsm.PinFile]),
            (ExitCode.Keys, "TOKEN_MODULE_MISSING", ["show", key + ".gone", "--passphrase-file", _hsm.PinFile]),
            (ExitCode.Usage, "TOKEN_URI_INVALID", ["show", key + "&pin-value=" + Uri.EscapeDataString(SoftHsm.Pin)]),
            (ExitCode.Usage, "TOKEN_URI_INVALID", ["show", key + $"&pin-source=file:{_hsm.PinFile}", "--passphrase-file", _hsm.PinFile]),
        })
        {
            cancellation.ThrowIfCancellationRequested();
            ProgramRun run = await GovchainAsync(["key", .. arguments, "--json"]);
            string said = string.Join(' ', arguments);
            Assert.That(run.ExitCode, Is.EqualTo(code), $"{said}: {run.Error}");
            Assert.That(run.Output + run.Error, Does.Not.Contain(SoftHsm.Pin).And.Not.Contain(Uri.EscapeDataString(SoftHsm.Pin)).And.Not.Contain("   at "));
            if (code == ExitCode.Ok)
                continue;
            Assert.That(run.ErrorLines, Has.Length.EqualTo(1), run.Error);
            JsonElement error = JsonSerializer.Deserialize<JsonElement>(run.Error).GetProperty("error");
            Assert.That(error.GetProperty("reason").GetString(), Is.EqualTo(reason), said);
        }
    }

    /// <summary>Founds the ledger anew: the department's validator key is made in a token, and signs the genesis there.</summary>
    private async Task PutKeyIntoTokenAsync(DevnetLayout layout)
    {
        string id = DevnetLayout.NameOf(WithToken);
        string uri = _hsm.UriOf(Validators, "validator");
        ProgramRun made = await GovchainAsync("key", "new", uri, "--passphrase-file", _hsm.PinFile, "--json");
        Assert.That(made.ExitCode, Is.Zero, made.Error);
        Assert.That(PublicKey.TryParseHex(made.Json.GetProperty("publicKey").GetString(), out PublicKey? key), Is.True);

        GenesisBody body = GenesisCommand.Read(layout.GenesisFile).Genesis.Body.Clone();
        body.Departments.Single(d => d.Id == id).ValidatorKey = ByteString.CopyFrom(key!.Span);
        var genesis = new GenesisFile(GenesisCommand.Build(body), []);
        foreach (DevnetDepartment other in layout.Read()!.Where(d => d.Id != id))
        {
            using ISigner signer = KeyOptions.Open(layout.At(other.Id, "validator.pem"), layout.At(other.Id, "passphrase"));
            genesis = GenesisCommand.AddSignature(genesis, signer);
        }
        await File.WriteAllBytesAsync(layout.GenesisFile, genesis.ToBytes());
        ProgramRun signed = await GovchainAsync("genesis", "sign", layout.GenesisFile, "--key", uri, "--passphrase-file", _hsm.PinFile);
        Assert.That(signed.Output, Does.Contain("4 of 4 departments have signed"), signed.Error);

        string file = layout.At(id, "node.json");
        JsonObject node = JsonNode.Parse(await File.ReadAllTextAsync(file))!.AsObject();
        Assert.That(node.Remove("keyFile") && node.Remove("passphraseFile"), Is.True);
        node["keyUri"] = $"{uri}&pin-source=file:{_hsm.PinFile}";
        await File.WriteAllTextAsync(file, node.ToJsonString());
        File.Delete(layout.At(id, "validator.pem"));
        ProgramRun check = await GovchainAsync("node", "check-config", "--config", file);
        Assert.That(check.ExitCode, Is.Zero, check.Error);
    }

    /// <summary>The program, with this SoftHSM.</summary>
    private Task<ProgramRun> GovchainAsync(params string[] arguments) => ProgramRun.RunAsync("env",
        [$"{SoftHsm.Variable}={_hsm.ConfigurationFile}", "dotnet", Path.Combine(AppContext.BaseDirectory, "govchain.dll"), .. arguments]);
}
