using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client.Keys;

namespace GovChain.Node.Commands;

/// <summary><c>govchain key</c>: key files of officers and validators.</summary>
internal static class KeyCommand
{
    public static Command Create() => new("key", "Make and look at key files of officers and nodes") { New(), Show() };

    private static Command New()
    {
        var file = new Argument<string>("FILE") { Description = "Where to write the key; must not exist" };
        Option<string?> passphraseFile = KeyOptions.PassphraseFile();
        Option<bool> json = Output.JsonOption();
        var command = new Command("new",
            "Make a new key: a secp256k1 key pair in an encrypted file that only you can read. Prints the public key, which is "
            + "what you hand to others.") { file, passphraseFile, json };
        command.SetAction(result =>
        {
            string path = result.GetRequiredValue(file);
            using PlatformSigner signer = KeyOptions.Create(path, result.GetValue(passphraseFile));
            Print(path, signer, result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show()
    {
        var file = new Argument<string>("FILE") { Description = "The key file" };
        Option<string?> passphraseFile = KeyOptions.PassphraseFile();
        Option<bool> json = Output.JsonOption();
        var command = new Command("show", "Open a key file and print its public key") { file, passphraseFile, json };
        command.SetAction(result =>
        {
            string path = result.GetRequiredValue(file);
            using PlatformSigner signer = KeyOptions.Open(path, result.GetValue(passphraseFile));
            Print(path, signer, result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(string path, PlatformSigner signer, bool json)
    {
        if (json)
            Output.Json(new JsonObject { ["file"] = path, ["publicKey"] = signer.PublicKey.ToString() });
        else
            Output.Line($"{path}\npublic key: {signer.PublicKey}");
    }
}
