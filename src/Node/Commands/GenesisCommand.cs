using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Membership;
using GovChain.Node.Signatures;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary><c>govchain genesis</c>: the ledger's beginning.</summary>
internal static class GenesisCommand
{
    public static Command Create() =>
        new("genesis", "Make, sign and inspect the file that a ledger begins with") { New(), Sign(), Inspect() };

    private static Command New()
    {
        var network = new Option<string>("--network") { Description = "The network's name: a-z, 0-9, . and -", HelpName = "NAME", Required = true };
        Option<string[]> joining = Joining("The departments' joining files (joining create); each signed for this network by every key in it");
        joining.Required = true;
        var output = new Option<string>("--output", "-o") { Description = "Where to write the genesis file", HelpName = "FILE", Required = true };
        Option<bool> overwrite = OutputFile.OverwriteOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command("create",
            "Make a genesis file from the departments' joining files. Every department then signs it (genesis sign); nodes refuse one "
            + "that a department has not signed.") { network, joining, output, overwrite, json };
        command.SetAction(async (result, cancellation) =>
        {
            var body = new GenesisBody
            {
                FormatVersion = Genesis.FormatVersion,
                ProtocolVersion = ProtocolVersions.Newest,
                NetworkName = result.GetRequiredValue(network),
                CreatedAtMs = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
                Nonce = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(Limits.NonceBytes)),
                Parameters = LedgerParameters.CreateDefault(),
            };
            body.Departments.AddRange(JoiningCommand.ReadSigned(result.GetRequiredValue(joining), body.NetworkName).Select(f => f.Department));
            Genesis genesis = Build(body);
            string path = result.GetRequiredValue(output);
            await Files.WriteAsync(path, new GenesisFile(genesis, []).ToBytes(), result.GetValue(overwrite), cancellation);
            GenesisText.Print(path, genesis, [], result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Sign()
    {
        var file = new Argument<string>("FILE") { Description = "The genesis file; the signature is added to it" };
        var key = new Option<string>("--key") { Description = "The department's validator key: a file, or pkcs11:...", HelpName = "KEY", Required = true };
        var passphraseFile = KeyOptions.PassphraseFile();
        var command = new Command("sign", "Sign a genesis file for your department, after you have compared it with your joining file (genesis inspect). Shows what it signs.")
            { file, key, passphraseFile };
        command.SetAction(async (result, cancellation) =>
        {
            string path = result.GetRequiredValue(file);
            GenesisFile read = Read(path); // nobody types a passphrase for a file that is none
            GenesisText.Print(path, read.Genesis, read.Signatures, json: false);
            using ISigner signer = KeyOptions.Open(result.GetRequiredValue(key), result.GetValue(passphraseFile));
            using FileUpdate update = await FileUpdate.BeginAsync(path, GenesisFile.BytesMax, cancellation);
            GenesisFile now = Parse(path, update.Bytes);
            if (now.Genesis.ChainId != read.Genesis.ChainId) // others may add signatures meanwhile, and nothing else
                throw new CommandException(ExitCode.VerificationFailed, $"{path} holds another genesis than the one that was shown. Nothing was signed: look at it again.");
            GenesisFile signed = AddSignature(now, signer);
            await update.ReplaceAsync(signed.ToBytes(), cancellation);
            Output.Line($"{path}: {signed.Signatures.Count} of {signed.Genesis.Validators.Count} departments have signed.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Inspect()
    {
        var file = new Argument<string>("FILE") { Description = "The genesis file" };
        Option<string[]> joining = Joining("Joining files, of your department at least: whether the genesis has what they say");
        Option<bool> json = Output.JsonOption();
        var command = new Command("inspect",
            "Show what a genesis file says, its digest, and who has signed it. Ends with 8 unless all have, or where it says something else "
            + "than a joining file.") { file, joining, json };
        command.SetAction(result =>
        {
            GenesisFile read = Read(result.GetRequiredValue(file));
            foreach (string path in result.GetValue(joining) ?? [])
            {
                if (JoiningCommand.Read(path).CompareWith(read.Genesis.Body) is { } difference)
                    throw new CommandException(JoiningCommand.ExitCodeOf(difference.Kind), difference.Message);
            }
            GenesisText.Print(result.GetRequiredValue(file), read.Genesis, read.Signatures, result.GetValue(json));
            using NodeVerifier signatures = NodeVerifier.ForFile();
            GenesisFailure? failure = read.Verify(signatures.Verifier);
            if (failure is not null)
                throw new CommandException(ExitCode.VerificationFailed, failure.Message);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Checks a body by reading its bytes as a node would.</summary>
    internal static Genesis Build(GenesisBody body) =>
        Genesis.TryDecode(body.ToByteArray(), out GenesisFailure? failure)
            ?? throw new CommandException(ExitCode.Configuration, $"The genesis is refused: {failure!.Message}");

    /// <summary>Adds a department's signature; a second one of the same department takes the first one's place.</summary>
    internal static GenesisFile AddSignature(GenesisFile file, ISigner signer)
    {
        Validator department = file.Genesis.Validators.Members.FirstOrDefault(v => v.Key == signer.PublicKey)
            ?? throw new CommandException(ExitCode.Keys,
                $"The key {signer.PublicKey} is no department's validator key in this genesis. Is it an officer's?");
        var signature = new FoundingSignature(department.Department, signer.Sign(file.Genesis.SigningDigest));
        return new GenesisFile(
            file.Genesis, [.. file.Signatures.Where(s => s.Department != department.Department), signature]);
    }

    internal static GenesisFile Read(string path) => Parse(path, Files.Read(path, GenesisFile.BytesMax));

    private static GenesisFile Parse(string path, byte[] bytes) =>
        GenesisFile.TryRead(bytes, out GenesisFailure? failure)
            ?? throw new CommandException(ExitCode.Configuration, $"{path} is no genesis file: {failure!.Message}");

    private static Option<string[]> Joining(string description) => new("--joining")
    {
        Description = description,
        HelpName = "FILE",
        AllowMultipleArgumentsPerToken = true,
    };
}
