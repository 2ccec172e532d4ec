using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client.Keys;
using GovChain.Client.Keys.Tokens;

namespace GovChain.Node.Commands;

/// <summary><c>govchain key</c>: keys of officers and validators, in files and in tokens.</summary>
internal static class KeyCommand
{
    public static Command Create() => new("key", "Make and look at keys of officers and nodes, in files or in hardware security modules")
    {
        New(),
        Show(),
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
