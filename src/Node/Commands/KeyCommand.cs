using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Client.Keys.Tokens;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Node.Commands;

/// <summary><c>govchain key</c>: keys of officers and validators, in files and in tokens.</summary>
internal static class KeyCommand
{
    public static Command Create() => new("key", "Make and look at keys of officers and nodes, in files or in hardware security modules")
    {
        New(),
        Show(),
        Certificate(),
    };

    private static Command New()
    {
        var key = new Argument<string>("KEY")
        {
            Description = "Where to make it; nothing may be there: a file, or pkcs11:token=...;object=...?module-path=... (RFC 7512)",
        };
        Option<string?> passphraseFile = KeyOptions.PassphraseFile();
        Option<bool> json = Output.JsonOption();
        var command = new Command("new",
            "Make a new key: a secp256k1 key pair in an encrypted file that only you can read, or in a PKCS#11 token that never gives it out. "
            + "Prints the public key, which is what you hand to others.") { key, passphraseFile, json };
        command.SetAction(result =>
        {
            string name = result.GetRequiredValue(key);
            using ISigner signer = KeyOptions.Create(name, result.GetValue(passphraseFile));
            Print(name, signer, result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show()
    {
        var key = new Argument<string>("KEY") { Description = "The key file, or pkcs11:token=...;object=...?module-path=... (RFC 7512)" };
        Option<string?> passphraseFile = KeyOptions.PassphraseFile();
        Option<bool> json = Output.JsonOption();
        var command = new Command("show", "Open a key and print its public key; of one in a token, also whether it can leave it")
            { key, passphraseFile, json };
        command.SetAction(result =>
        {
            string name = result.GetRequiredValue(key);
            using ISigner signer = KeyOptions.Open(name, result.GetValue(passphraseFile));
            Print(name, signer, result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Certificate()
    {
        var file = new Argument<string>("FILE") { Description = "Where to write certificate and TLS key, PEM; only you will be able to read it" };
        var days = new Option<int>("--days")
        {
            Description = $"How long it counts, 1 to {(int)ReaderCertificate.LifetimeMax.TotalDays}",
            DefaultValueFactory = static _ => 30,
            HelpName = "DAYS",
        };
        Option<bool> json = Output.JsonOption();
        var command = new Command("certificate",
            "Make a certificate by which a system reads, over mutual TLS, what an officer may, while the officer's key stays elsewhere. It counts at "
            + "the nodes of this ledger until its time is over, or the officer's key is revoked or replaced.") { file, days, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddSigner(command);
        command.SetAction(async (result, cancellation) =>
        {
            string path = result.GetRequiredValue(file);
            int lifetime = result.GetValue(days);
            if (lifetime < 1 || lifetime > ReaderCertificate.LifetimeMax.TotalDays)
                throw new CommandException(ExitCode.Usage, $"--days {lifetime}: 1 to {(int)ReaderCertificate.LifetimeMax.TotalDays} are possible.");
            OutputFile.RequireFree(path, overwrite: false);
            using LedgerClient client = options.Connect(result);
            Digest chainId = await ClientOptions.AskChainAsync(client, cancellation);
            using ISigner signer = options.OpenKey(result);
            DateTimeOffset until = DateTimeOffset.UtcNow.AddDays(lifetime);
            string pem = ReaderCertificate.CreatePem(chainId, signer, TimeSpan.FromDays(lifetime));
            await using (OutputFile output = OutputFile.Create(path, overwrite: false, isPrivate: true))
            {
                await output.Stream.WriteAsync(Encoding.ASCII.GetBytes(pem), cancellation);
                await output.CompleteAsync();
            }
            string end = UtcTime.Format((ulong)until.ToUnixTimeMilliseconds());
            if (result.GetValue(json))
                Output.Json(new JsonObject { ["file"] = path, ["publicKey"] = signer.PublicKey.ToString(), ["chainId"] = chainId.ToString(), ["until"] = end });
            else
                Output.Line($"{path}\nreads as the officer of {signer.PublicKey}\nuntil {end}, or until that key is revoked or replaced: whoever has the file reads what the officer may");
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(string name, ISigner signer, bool json)
    {
        var token = signer as Pkcs11Signer;
        if (json)
        {
            var key = new JsonObject
            {
                [token is null ? "file" : "uri"] = token?.Uri.ToString() ?? name,
                ["publicKey"] = signer.PublicKey.ToString(),
            };
            if (token is not null)
                key["extractable"] = token.IsExtractable;
            Output.Json(key);
            return;
        }
        Output.Line($"{token?.Uri.ToString() ?? name}\npublic key: {signer.PublicKey}");
        if (token is not null)
            Output.Line(token.IsExtractable ? "can leave the token: yes; a key made in it by \"key new\" cannot" : "can leave the token: no");
    }
}
