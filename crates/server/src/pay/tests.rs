//! Which providers there are by which settings, and what is said of wrong ones.

use payments::Method;

use super::*;

fn settings(public_url: &str, sandbox_instance: bool) -> Settings {
    let mut settings = Settings::read(None).unwrap();
    settings.sandbox.url = "http://127.0.0.1:4400".into();
    Settings { public_url: public_url.into(), sandbox_instance, ..settings }
}

#[test]
fn the_sandbox_is_not_taken_for_a_real_shop() {
    crate::http::use_ring();
    assert!(providers(&settings("https://shop.example", false)).is_err());
    assert!(providers(&settings("https://shop.example", true)).is_ok());
    assert!(providers(&settings("http://127.0.0.1:8080", false)).is_ok());
    assert!(providers(&settings("http://127.0.0.1.evil.example", false)).is_err());
    let everywhere = |sandbox_instance| Settings {
        listen: "0.0.0.0:8080".parse().unwrap(),
        ..settings("http://127.0.0.1:8080", sandbox_instance)
    };
    assert!(providers(&everywhere(false)).is_err());
    assert!(providers(&everywhere(true)).is_ok());
}

#[test]
fn messages_go_to_the_public_address_unless_another_is_set() {
    let mut settings = settings("https://shop.example/", true);
    assert_eq!(hooks_url(&settings), "https://shop.example/hooks");
    assert_eq!(hooks_path(&settings), "/hooks");
    settings.hooks_url = "http://127.0.0.1:9090".into();
    assert_eq!(providers(&settings).unwrap().notify_url("sandbox"), "http://127.0.0.1:9090/hooks/sandbox");
}

#[test]
fn stripe_wants_one_of_its_keys_and_what_its_messages_are_signed_with() {
    let with = |key: &str, secrets: &[&str], sandbox_instance| {
        let mut settings = Settings::read(None).unwrap();
        settings.public_url = "https://shop.example".into();
        settings.sandbox_instance = sandbox_instance;
        settings.stripe.secret_key = key.into();
        settings.stripe.webhook_secrets = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        providers(&settings).map(|providers| providers.only_tests()).map_err(|error| format!("{error:#}"))
    };
    assert_eq!(with("sk_live_1", &["whsec_1"], false), Ok(false));
    assert_eq!(with("rk_test_1", &["whsec_1", "whsec_2"], true), Ok(true));
    assert!(with("sk_test_1", &["whsec_1"], false).unwrap_err().contains("sandbox_instance"));
    assert!(with("sk_live_1", &["whsec_1"], true).unwrap_err().contains("real payments"));
    assert!(with("sk_live_1", &[], false).unwrap_err().contains("webhook_secrets"));
    let wrong = with("pk_live_1", &["whsec_1"], false).unwrap_err();
    assert!(wrong.contains("stripe.secret_key") && !wrong.contains("pk_live_1"), "{wrong}");
}

#[test]
fn paypal_is_real_by_its_address_and_wants_all_that_it_needs() {
    crate::http::use_ring();
    let with = |url: &str, webhook: &str, sandbox_instance| {
        let mut settings = Settings::read(None).unwrap();
        settings.public_url = "https://shop.example".into();
        settings.sandbox_instance = sandbox_instance;
        settings.paypal.client_id = "id".into();
        settings.paypal.client_secret = "hush".into();
        settings.paypal.merchant_id = "MERCHANT".into();
        settings.paypal.webhook_id = webhook.into();
        settings.paypal.api_url = url.into();
        providers(&settings).map(|providers| providers.only_tests()).map_err(|error| format!("{error:#}"))
    };
    let (live, sandbox) = ("https://api-m.paypal.com", "https://api-m.sandbox.paypal.com");
    assert_eq!(with(live, "WH1", false), Ok(false));
    assert_eq!(with(sandbox, "WH1", true), Ok(true));
    assert!(with(live, "WH1", true).unwrap_err().contains("real payments"));
    assert!(with(sandbox, "WH1", false).unwrap_err().contains("sandbox_instance"));
    let missing = with(live, "", false).unwrap_err();
    assert!(missing.contains("webhook_id") && !missing.contains("hush"), "{missing}");
    for wrong in ["http://api-m.paypal.com", "https://api-m.paypal.com.evil.example", "https://10.0.0.1"] {
        assert!(with(wrong, "WH1", true).is_err(), "{wrong}");
    }
}

type Change = fn(&mut Settings);

/// A shop with this section `[antom]`, and Alipay's beside it.
fn with_antom(change: impl FnOnce(&mut Settings)) -> Result<Providers, String> {
    crate::http::use_ring();
    let mut settings = Settings::read(None).unwrap();
    settings.public_url = "https://shop.example".into();
    settings.antom.client_id = "5YBX".into();
    settings.antom.private_key = paysim::MERCHANT_KEY.into();
    settings.antom.public_keys = vec![paysim::PLATFORM.certificate.into()];
    settings.alipay.private_key = paysim::MERCHANT_KEY.into();
    settings.alipay.public_keys = vec![paysim::PLATFORM.certificate.into()];
    change(&mut settings);
    providers(&settings).map_err(|error| format!("{error:#}"))
}

#[test]
fn antom_is_real_unless_its_client_is_of_the_sandbox_and_says_what_is_wrong() {
    assert!(!with_antom(|_| ()).unwrap().only_tests());
    let sandbox = |settings: &mut Settings| settings.antom.client_id = "SANDBOX_5YBX".into();
    assert!(with_antom(sandbox).unwrap_err().contains("sandbox_instance"));
    let sandbox_instance = |settings: &mut Settings| {
        sandbox(settings);
        settings.sandbox_instance = true;
    };
    assert!(with_antom(sandbox_instance).unwrap().only_tests());
    let wrong: [(&str, Change); 6] = [
        ("antom.url", |settings| settings.antom.url = "http://open-sea-global.alipay.com".into()),
        ("antom.currencies", |settings| settings.antom.currencies = vec!["yuan".into()]),
        ("no currency", |settings| settings.antom.currencies.clear()),
        ("antom.settlement_currency", |settings| settings.antom.settlement_currency = "dollars".into()),
        ("antom.public_key_files", |settings| settings.antom.public_key_files = vec!["/no/such".into()]),
        ("[antom]", |settings| settings.antom.private_key = "hush".into()),
    ];
    for (what, change) in wrong {
        let said = with_antom(change).unwrap_err();
        assert!(said.contains(what) && !said.contains("hush"), "{said}");
    }
}

#[test]
fn alipay_is_one_button_whoever_takes_the_money() {
    let of = |providers: &Providers, currency| providers.ways(currency);
    let both = with_antom(|settings| {
        settings.alipay.app_id = "2021".into();
        settings.antom.currencies = vec!["CNY".into(), "USD".into()];
    });
    let both = both.unwrap();
    assert_eq!(of(&both, Currency::CNY), [(Method::Alipay, "alipay")]);
    assert_eq!(of(&both, Currency::USD), [(Method::Alipay, "antom")]);
    assert_eq!(of(&both, Currency::JPY), []);
    let abroad = with_antom(|_| ()).unwrap();
    assert_eq!(of(&abroad, Currency::CNY), [(Method::Alipay, "antom")]);
}

#[test]
fn a_secret_comes_from_one_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    std::fs::write(&file, "in the file\n").unwrap();
    assert_eq!(secret("", &file).unwrap(), "in the file");
    assert_eq!(secret("inline", Path::new("")).unwrap(), "inline");
    assert!(secret("inline", &file).is_err());
    assert!(secret("", Path::new("/no/such/file")).unwrap_err().to_string().contains("/no/such/file"));
}
