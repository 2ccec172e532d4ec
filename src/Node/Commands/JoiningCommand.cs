using System.CommandLine;
using System.Text.Json.Nodes;
using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Node.Signatures;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary><c>govchain joining</c>: what a department hands out to found a ledger, or to be admitted later.</summary>
internal static class JoiningCommand
{
    public static Command Create() => new("joining",
        "Make, sign and inspect the file with which a department joins: its public keys, each of which signs it")
    {
        New(), Sign(), Inspect(),
    };

    /// <summary>Reads files that are to be used: each whole, and signed for this network by every key in it.</summary>
    /// <exception cref="CommandException">One is not, or two are of the same department.</exception>
    internal static IReadOnlyList<JoiningFile> ReadSigned(IEnumerable<string> paths, string network)
    {
        using NodeVerifier signatures = NodeVerifier.ForFile();
        var files = new SortedDictionary<string, JoiningFile>(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            JoiningFile file = Read(path);
            if (file.VerifyFor(network, signatures.Verifier) is { } failure)
                throw new CommandException(ExitCodeOf(failure.Kind), $"{path} is refused: {failure.Message}");
            if (!files.TryAdd(file.Department.Id, file))
                throw new CommandException(ExitCode.Usage, $"{path} is refused: another file is of {file.Department.Id}, too. Name one of them.");
        }
        return [.. files.Values];
    }

    internal static JoiningFile Read(string path) => Parse(path, Files.Read(path, JoiningFile.BytesMax));

    internal static ByteString ParseKey(string option, string hex) => PublicKey.TryParseHex(hex, out PublicKey? key)
        ? ByteString.CopyFrom(key.Span)
        : throw new CommandException(ExitCode.Usage, $"{option}: {hex} is no public key: 66 hexadecimal digits, as \"key new\" prints them.");

    internal static int ExitCodeOf(JoiningFailureKind kind) =>
        kind is JoiningFailureKind.MalformedBody or JoiningFailureKind.InvalidField or JoiningFailureKind.MalformedFile or JoiningFailureKind.UnknownKey
            ? ExitCode.Configuration
            : ExitCode.VerificationFailed;

    private static Command New()
    {
        var department = new Argument<string>("DEPARTMENT") { Description = "The department's id: a-z, 0-9 and -" };
        var network = new Option<string>("--network") { Description = "The network's name; the file is for no other", HelpName = "NAME", Required = true };
        var title = new Option<string[]>("--title")
        {
            Description = "The department's name in a language, as LANG=TEXT; may be given several times",
            HelpName = "LANG=TEXT",
            Required = true,
        };
        var endpoint = new Option<string>("--endpoint") { Description = "Where its peer listener is", HelpName = "HOST:PORT", Required = true };
        var key = new Option<string>("--validator-key")
        {
            Description = "The public key it is to vote with, as \"key new\" printed it; one that serves for nothing else",
            HelpName = "HEX",
            Required = true,
        };
        var administrators = new Option<string[]>("--administrator")
        {
            Description = "A first administrator, as OFFICER=PUBLIC-KEY; one at least",
            HelpName = "SPEC",
            Required = true,
        };
        var output = new Option<string>("--output", "-o") { Description = "Where to write the file", HelpName = "FILE", Required = true };
        Option<bool> overwrite = OutputFile.OverwriteOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command("create",
            "Write the file from the department's public keys. Each of these keys then signs it (joining sign), where it is kept; no private "
            + "key leaves its place.") { department, network, title, endpoint, key, administrators, output, overwrite, json };
        command.SetAction(async (result, cancellation) =>
        {
            var body = new JoiningBody
            {
                FormatVersion = JoiningFile.FormatVersion,
                NetworkName = result.GetRequiredValue(network),
                Department = new GenesisDepartment
                {
                    Id = result.GetRequiredValue(department),
                    Names = { result.GetRequiredValue(title).Select(TypeCommand.ParseTitle) },
                    ValidatorKey = ParseKey("--validator-key", result.GetRequiredValue(key)),
                    Endpoint = result.GetRequiredValue(endpoint),
                    Administrators =
                    {
                        result.GetRequiredValue(administrators).Select(ParseAdministrator).OrderBy(static a => a.OfficerId, StringComparer.Ordinal),
                    },
                },
            };
            JoiningFile file = JoiningFile.TryCreate(body, out JoiningFailure? failure)
                ?? throw new CommandException(ExitCode.Usage, $"The joining file is refused: {failure!.Message}");
            string path = result.GetRequiredValue(output);
            await Files.WriteAsync(path, file.ToBytes(), result.GetValue(overwrite), cancellation);
            Print(path, file, result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Sign()
    {
        var path = new Argument<string>("FILE") { Description = "The joining file; the signature is added to it" };
        var key = new Option<string>("--key")
        {
            Description = "One of the keys that the file names, the validator's or an administrator's: a file, or pkcs11:...",
            HelpName = "KEY",
            Required = true,
        };
        Option<string?> passphraseFile = KeyOptions.PassphraseFile();
        Option<bool> json = Output.JsonOption();
        var command = new Command("sign", "Sign a joining file with one of the keys that it names, after you have read it (joining inspect)")
            { path, key, passphraseFile, json };
        command.SetAction(async (result, cancellation) =>
        {
            string name = result.GetRequiredValue(path);
            _ = Read(name); // nobody types a passphrase for a file that is none
            using ISigner signer = KeyOptions.Open(result.GetRequiredValue(key), result.GetValue(passphraseFile));
            using FileUpdate update = await FileUpdate.BeginAsync(name, JoiningFile.BytesMax, cancellation);
            JoiningFile file = Parse(name, update.Bytes);
            if (!file.Keys.Any(k => k.Key == signer.PublicKey))
            {
                throw new CommandException(ExitCode.Keys,
                    $"{name} is as it was: it does not name the key {signer.PublicKey}. Make the file anew with the right keys (joining create).");
            }
            JoiningFile signed = file.With(signer.PublicKey, signer.Sign(file.SigningDigest));
            await update.ReplaceAsync(signed.ToBytes(), cancellation);
            Print(name, signed, result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Inspect()
    {
        var path = new Argument<string>("FILE") { Description = "The joining file" };
        Option<bool> json = Output.JsonOption();
        var command = new Command("inspect",
            "Show what a joining file says and which of its keys have signed it. Ends with 8 unless all have.") { path, json };
        command.SetAction(result =>
        {
            JoiningFile file = Read(result.GetRequiredValue(path));
            Print(result.GetRequiredValue(path), file, result.GetValue(json));
            using NodeVerifier signatures = NodeVerifier.ForFile();
            return file.Verify(signatures.Verifier) is { } failure
                ? throw new CommandException(ExitCodeOf(failure.Kind), failure.Message)
                : ExitCode.Ok;
        });
        return command;
    }

    private static JoiningFile Parse(string path, byte[] bytes) => JoiningFile.TryRead(bytes, out JoiningFailure? failure)
        ?? throw new CommandException(ExitCodeOf(failure!.Kind), $"{path} is no joining file: {failure.Message}");

    private static GenesisOfficer ParseAdministrator(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? new GenesisOfficer { OfficerId = text[..equals], PublicKey = ParseKey("--administrator", text[(equals + 1)..]) }
            : throw new CommandException(ExitCode.Usage, $"--administrator {text}: OFFICER=PUBLIC-KEY is expected.");
    }

    private static void Print(string path, JoiningFile file, bool json)
    {
        GenesisDepartment department = file.Department;
        HashSet<PublicKey> signed = [.. file.Signatures.Select(s => s.Key)];
        if (json)
        {
            Output.Json(new JsonObject
            {
                ["file"] = path,
                ["network"] = file.Body.NetworkName,
                ["department"] = department.Id,
                ["names"] = new JsonObject(department.Names.Select(n => KeyValuePair.Create(n.Language, (JsonNode?)n.Text))),
                ["endpoint"] = department.Endpoint,
                ["keys"] = new JsonArray([.. file.Keys.Select(k => (JsonNode)new JsonObject
                {
                    ["officer"] = k.OfficerId.Length > 0 ? k.OfficerId : null,
                    ["publicKey"] = k.Key.ToString(),
                    ["signed"] = signed.Contains(k.Key),
                })]),
            });
            return;
        }
        Output.Line($"{path}: {department.Id} joins the network {file.Body.NetworkName} at {department.Endpoint}");
        foreach (LocalizedText name in department.Names)
            Output.Line($"  name ({name.Language}) {Output.Value(name.Text)}");
        foreach (JoiningKey key in file.Keys)
            Output.Line($"  {key}, key {key.Key}, {(signed.Contains(key.Key) ? "signed" : "NOT SIGNED")}");
    }
}
